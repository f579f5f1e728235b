using System.Text.Json.Nodes;

namespace TransportGateway.Tests.Contract;

/// <summary>The smallest body that the contract allows: what a schema requires, and no more.</summary>
internal static class SampleBody
{
    /// <summary>Null for an operation that takes no JSON.</summary>
    public static JsonNode? For(string operation) =>
        OpenApi.Operations[operation]["requestBody"] is { } body && OpenApi.Follow(body)["content"]!["application/json"] is { } content ? Of(content["schema"]!) : null;

    private static JsonNode? Of(JsonNode schema)
    {
        var rule = OpenApi.Follow(schema);
        if (rule["enum"] is JsonArray words)
        {
            return words[0]?.DeepClone();
        }

        var type = rule["type"] is JsonArray several ? several[0]!.ToString() : rule["type"]?.ToString() ?? "object";
        return type switch
        {
            "string" => "x",
            "integer" => rule["minimum"]?.DeepClone() ?? 1,
            "boolean" => false,
            "array" => new JsonArray(rule["minItems"] is null ? [] : [Of(rule["items"]!)]),
            _ => new JsonObject((rule["required"]?.AsArray() ?? []).Select(name => KeyValuePair.Create(name!.ToString(), Of(rule["properties"]![name!.ToString()]!)))),
        };
    }
}
