using System.Globalization;
using System.Text;
using TransportGateway.Events;

namespace TransportGateway.Notifications;

/// <summary>An entry of the event log as RFC 5424 writes it: <c>&lt;134&gt;1 2026-03-01T12:00:00.000Z node transport-gateway 4711 token-created [gateway@32473 id="..."] BOM text</c>.</summary>
internal static class SyslogMessage
{
    /// <summary>32473 is the number that is free for whoever has none of their own (RFC 5612).</summary>
    private const string DataId = "gateway@32473";

    private const int MostValueCharacters = 200;
    private const int MostKindCharacters = 32;
    private const int MostHostCharacters = 255;
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <param name="account">The name of the entry's account; null when it is about none.</param>
    /// <param name="mostBytes">The text is cut to what fits.</param>
    public static byte[] Write(EventRow entry, string facility, string host, string? account, int mostBytes)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"<{Priority(facility, entry.Severity)}>1 {entry.OccurredAt.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {Token(host, MostHostCharacters)} transport-gateway {Environment.ProcessId} {Token(entry.Kind, MostKindCharacters)} {Data(entry, account)} "));
        return [.. head, .. ByteOrderMark, .. Fitting(OneLine.Of(entry.Message), mostBytes - head.Length - ByteOrderMark.Length)];
    }

    private static int Priority(string facility, string severity)
    {
        const int Local0 = 16;
        return ((Local0 + facility[^1] - '0') * 8) + severity switch
        {
            Severity.Error => 3,
            Severity.Warning => 4,
            _ => 6,
        };
    }

    /// <remarks>The kind is here once more: as the message's identifier it can be too long.</remarks>
    private static string Data(EventRow entry, string? account) =>
        $"[{DataId}{Value("id", entry.Id)}{Value("kind", entry.Kind)}{Value("actor", entry.Actor)}{Value("account", account)}{Value("instance", entry.InstanceId)}]";

    private static string Value(string name, string? value) => string.IsNullOrEmpty(value)
        ? ""
        : $" {name}=\"{OneLine.Of(value, MostValueCharacters).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal)}\"";

    /// <summary>A header's field: printable ASCII without blanks, a hyphen for nothing.</summary>
    private static string Token(string text, int mostCharacters)
    {
        var printable = string.Concat(text.Where(letter => letter is > ' ' and <= '~').Take(mostCharacters));
        return printable.Length == 0 ? "-" : printable;
    }

    private static ReadOnlySpan<byte> Fitting(string text, int mostBytes)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= mostBytes)
        {
            return bytes;
        }

        var end = Math.Max(0, mostBytes);
        // Not in the middle of a letter.
        while (end > 0 && (bytes[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return bytes.AsSpan(0, end);
    }
}
