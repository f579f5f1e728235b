using System.Text.Encodings.Web;
using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>The texts that products show their administrators, sections 4.3 and 8.7.</summary>
public static class RefusalTexts
{
    /// <summary>Observed, misplaced blank included; an exact text because products print it as it is.</summary>
    public const string UnusedTag = "Product Instance is not consuming this tag : ";

    /// <summary>Observed in the same place (4.3); nothing follows the colon because authority mode has no source of keys.</summary>
    public const string NoThirdPartyKeys =
        "This gateway has no source of third-party keys. Register the product directly with the licence cloud to obtain one.";

    public const string DifferentNonces = "The nonces of header, request and request data differ; all three must be the same.";

    public const string NonceReused = "This nonce was used before for another message; use a new one for each message.";

    /// <summary>Observed verbatim: there is no blank after the first full stop.</summary>
    public static string Identity(string instanceId) => ErrorsHash(
        "product_instance_identifier", $"The identity for the instance {instanceId} is not valid.Please re-register the instance.");

    /// <summary>The token is quoted as it was sent (8.7.20).</summary>
    public static string Token(string sent) => ErrorsHash("token", $"The token '{sent}' is not valid.");

    public static string Signature() => ErrorsHash("signature", "The signature of the request is not valid.");

    public static string AlreadyRegistered(string softwareTag, string? serialNumber, string? pid) => ErrorsHash(
        "sudi", $"The product {softwareTag} and sudi containing udi_serial_number:{serialNumber}, udi_pid:{pid}; has already been registered.");

    public static string UnknownPoll(long pollId) => ErrorsHash(
        "poll_id", $"There is nothing to poll for with the id {pollId}. Send the original request again.");

    public static string UnknownType(string type) => ErrorsHash(
        "request_type", $"The request type {type} is not served by this gateway.");

    public static string Missing(string field) => ErrorsHash(field, $"The field {field} is missing or of the wrong kind.");

    public static string VersionTooHigh(string version) =>
        $"The message version {version} is not served; this gateway speaks {ProtocolVersion.Ours}.";

    public static string Clocks(TimeSpan difference) =>
        $"The clocks of product and gateway differ by {Describe(difference)}; more than 1 hour is refused. Set the product's clock (NTP) and try again.";

    /// <summary>Validation failures travel as JSON text: field, and a list of sentences (2.5, 8.7.5).</summary>
    public static string ErrorsHash(string field, string sentence) =>
        $"{{\"{field}\":[\"{JsonEncodedText.Encode(sentence, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"]}}";

    private static string Describe(TimeSpan difference) => difference.Duration() switch
    {
        { TotalDays: >= 1 } days => $"{days.TotalDays:0.#} days",
        { TotalHours: >= 1 } hours => $"{hours.TotalHours:0.#} hours",
        var rest => $"{rest.TotalMinutes:0} minutes",
    };
}
