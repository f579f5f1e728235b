using System.Globalization;
using System.Net;

namespace TransportGateway.Hosting;

/// <summary>One key of the configuration: what it means, its default, and how a text becomes its value.</summary>
/// <param name="Parse">The value, or null with the sentence that says what would be right.</param>
internal sealed record Setting(string Key, string Help, string Default, Func<string, (object? Value, string? Problem)> Parse)
{
    public string EnvironmentName => "TG_" + Key.Replace('-', '_').ToUpperInvariant();

    public static Setting Text(string key, string help, string fallback, Func<string, string?>? problem = null) =>
        new(key, help, fallback, text => problem?.Invoke(text) is { } sentence ? (null, sentence) : (text, null));

    public static Setting Number(string key, string help, long fallback, long least, long most) =>
        new(key, help, fallback.ToString(CultureInfo.InvariantCulture), text =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                ? (value, null)
                : (null, $"a whole number from {least} to {most} is needed"));

    public static Setting Choice(string key, string help, string fallback, params string[] choices) =>
        new(key, help, fallback, text => choices.Contains(text) ? (text, null) : (null, $"one of {string.Join(", ", choices)} is needed"));

    public static Setting List(string key, string help, string fallback, Func<string, string?> problem) =>
        new(key, help, fallback, text =>
        {
            var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return parts.Select(problem).FirstOrDefault(sentence => sentence is not null) is { } wrong ? (null, wrong) : (parts, null);
        });

    public static Setting EndPoints(string key, string help, string fallback) =>
        new(key, help, fallback, text =>
        {
            var endPoints = new List<IPEndPoint>();
            foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (ushort.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                {
                    endPoints.Add(new IPEndPoint(IPAddress.IPv6Any, port));
                }
                else if (part.LastIndexOf(':') > part.LastIndexOf(']') && IPEndPoint.TryParse(part, out var endPoint))
                {
                    endPoints.Add(endPoint);
                }
                else
                {
                    return (null, $"'{part}' is not an address and port; write 8443 for all addresses, 192.0.2.1:8443 or [2001:db8::1]:8443");
                }
            }

            return (endPoints, null);
        });
}
