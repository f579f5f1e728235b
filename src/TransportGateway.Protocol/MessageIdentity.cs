using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>
/// Whom a message names as its sender, also where the message as a whole is beyond this library: a later version, an unknown type, fields
/// under other names. Nothing here is verified.
/// </summary>
/// <param name="RequestType">As on the wire; empty when missing.</param>
/// <param name="ProductInstanceIdentifier">Of the header, or else of the data.</param>
/// <param name="Tokens">The registration tokens in it, of the data and of the credential.</param>
public sealed record MessageIdentity(string RequestType, string? ProductInstanceIdentifier, IReadOnlyList<string> Tokens)
{
    /// <summary>Null when the bytes are no signed licensing message, or what names the sender is ambiguous or unreadable. Does not throw.</summary>
    public static MessageIdentity? Find(ReadOnlyMemory<byte> utf8Json)
    {
        using var envelope = JsonText.OpenDespiteDuplicates(utf8Json);
        if (envelope is null)
        {
            return null;
        }

        var problems = new FieldProblems();
        var fields = new JsonFields(envelope.RootElement, string.Empty, problems);
        if (fields.Find(WireNames.Signature) is null || fields.Text(WireNames.Request, int.MaxValue, allowLines: true) is not { } request)
        {
            return null;
        }

        using var level2 = JsonText.OpenDespiteDuplicates(request);
        if (level2 is null || new JsonFields(level2.RootElement, string.Empty, problems).Object(WireNames.Header) is not { } header)
        {
            return null;
        }

        var requestData = new JsonFields(level2.RootElement, string.Empty, problems).Text(WireNames.RequestData, int.MaxValue, allowLines: true);
        using var level3 = requestData is null ? null : JsonText.OpenDespiteDuplicates(requestData);
        JsonFields? data = level3 is null ? null : new JsonFields(level3.RootElement, WireNames.RequestData.Canonical, problems);
        var identity = new MessageIdentity(
            header.Text(WireNames.RequestTypeName) ?? string.Empty,
            header.Text(WireNames.ProductInstanceIdentifier) ?? data?.Text(WireNames.ProductInstanceIdentifier),
            [.. new[] { data?.Text(WireNames.IdToken, allowLines: true), CredentialToken(fields) }.OfType<string>().Distinct(StringComparer.Ordinal)]);
        return problems.Any is null ? identity : null;
    }

    /// <summary>Without the tokens, so that it can be logged.</summary>
    public override string ToString() => $"{RequestType} {ProductInstanceIdentifier ?? "-"}";

    private static string? CredentialToken(JsonFields envelope) =>
        envelope.Find(WireNames.Credential) is { ValueKind: JsonValueKind.Object } && envelope.Object(WireNames.Credential) is { } credential
            && credential.Find(WireNames.CredentialValue) is { ValueKind: JsonValueKind.String }
                ? credential.Text(WireNames.CredentialValue, allowLines: true)
                : null;
}
