using System.Text.Encodings.Web;

namespace TransportGateway.Protocol;

/// <summary>
/// A validation failure as devices show it: <c>{"field":["text"]}</c> in the message of the answer (observed with
/// product_instance_identifier).
/// </summary>
public static class ErrorsHash
{
    public static string For(string field, string text)
    {
        var encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return $$"""{"{{encoder.Encode(field)}}":["{{encoder.Encode(text)}}"]}""";
    }
}
