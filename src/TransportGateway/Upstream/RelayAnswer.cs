using System.Text.Json;
using TransportGateway.Protocol;

namespace TransportGateway.Upstream;

/// <summary>What came of handing a message to the upstream.</summary>
internal abstract record RelayAnswer
{
    private RelayAnswer()
    {
    }

    /// <summary>The upstream's own answer, to be given back as it is.</summary>
    public sealed record Whole(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body) : RelayAnswer
    {
        /// <summary>Those that say what the bytes are and when to come again; the others belong to the connection that they came over.</summary>
        public static IReadOnlyList<string> PassedHeaders { get; } = ["Content-Type", "Content-Encoding", "Retry-After"];
    }

    /// <summary>There is no answer that a product could use; it is told to try again.</summary>
    /// <param name="Cause">A sentence's end for operators: what the upstream did.</param>
    public sealed record Failed(string Cause) : RelayAnswer;
}

/// <summary>The upstream is away or answers with what is no answer.</summary>
/// <param name="neverSent">No connection came about, so the upstream has not seen the message.</param>
internal sealed class UpstreamFaultException(string cause, bool neverSent = false, Exception? inner = null, bool answered = false) : Exception(cause, inner)
{
    public bool NeverSent => neverSent;

    /// <summary>With something that is no licensing answer, while whoever only looks would be answered well.</summary>
    public bool Answered => answered;
}

/// <summary>Tells an answer of a licensing server from the pages of proxies, portals and broken servers.</summary>
/// <remarks>
/// No answer of the real cloud is public, so a 2xx needs little more than the right syntax, read to its end. Anything else must look like an
/// answer of this protocol: a licensing answer or a reason as JSON, a SOAP envelope on Call Home.
/// </remarks>
internal static class AnswerShape
{
    public static bool IsAnswer(RelayPath path, int status, ReadOnlySpan<byte> body) =>
        path == RelayPath.CallHome ? IsXml(body, soapOnly: !IsSuccess(status)) : IsJsonObject(body, needsStatus: !IsSuccess(status));

    /// <summary>The licensing answer in the bytes; null when there is none that can be read.</summary>
    public static ReadOnlyMemory<byte>? FindLicensingText(RelayPath path, byte[] body) =>
        path == RelayPath.SmartTransport ? body : CallHomeReader.Read(body) is CallHomeParse.Found found ? found.Request.Payload : null;

    private static bool IsSuccess(int status) => status is >= 200 and < 300;

    private static bool IsXml(ReadOnlySpan<byte> body, bool soapOnly)
    {
        var text = body.StartsWith("\uFEFF"u8) ? body[3..] : body;
        text = text.Trim(" \t\r\n"u8);
        if (!text.StartsWith("<"u8) || !text.EndsWith(">"u8))
        {
            return false;
        }

        var beginning = System.Text.Encoding.Latin1.GetString(text[..Math.Min(text.Length, 1024)]);
        return !beginning.Contains("<html", StringComparison.OrdinalIgnoreCase)
            && !beginning.Contains("<!DOCTYPE", StringComparison.OrdinalIgnoreCase)
            && (!soapOnly || beginning.Contains("Envelope", StringComparison.Ordinal))
            // Cut off inside, an envelope still can end with a bracket.
            && (!beginning.Contains("Envelope", StringComparison.Ordinal) || text.EndsWith("Envelope>"u8));
    }

    private static bool IsJsonObject(ReadOnlySpan<byte> body, bool needsStatus)
    {
        var json = new Utf8JsonReader(body.StartsWith("\uFEFF"u8) ? body[3..] : body);
        var found = !needsStatus;
        try
        {
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (json.Read())
            {
                found |= json is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && (json.ValueTextEquals("response"u8) || json.ValueTextEquals("status"u8));
            }

            return found;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
