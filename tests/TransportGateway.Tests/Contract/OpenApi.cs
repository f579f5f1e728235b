using System.Globalization;
using System.Text.Json.Nodes;
using TransportGateway.Tests.Architecture;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace TransportGateway.Tests.Contract;

/// <summary>openapi.yaml, with every reference followed.</summary>
internal static class OpenApi
{
    private static readonly Lazy<JsonObject> Read = new(Load);

    public static JsonObject Root => Read.Value;

    /// <summary>Every operation, named as in <c>GET /api/v2/status</c>.</summary>
    public static IReadOnlyDictionary<string, JsonObject> Operations { get; } = Root["paths"]!.AsObject()
        .SelectMany(path => path.Value!.AsObject().Where(entry => entry.Key is "get" or "post" or "put" or "patch" or "delete")
            .Select(entry => (Name: $"{entry.Key.ToUpperInvariant()} {path.Key}", Operation: entry.Value!.AsObject())))
        .ToDictionary(entry => entry.Name, entry => entry.Operation, StringComparer.Ordinal);

    /// <summary>What the contract says of an answer with this status; null when it says nothing.</summary>
    public static JsonObject? Response(string operation, int status) =>
        Operations[operation]["responses"]![status.ToString(CultureInfo.InvariantCulture)] is { } response ? Follow(response) : null;

    public static JsonObject Follow(JsonNode node)
    {
        while (node["$ref"] is { } reference)
        {
            node = reference.GetValue<string>()[2..].Split('/').Aggregate<string, JsonNode>(Root, (at, name) => at[name]!);
        }

        return node.AsObject();
    }

    private static JsonObject Load()
    {
        var yaml = new YamlStream();
        using var text = File.OpenText(Path.Combine(Repository.Root, "openapi.yaml"));
        yaml.Load(text);
        return Convert(yaml.Documents[0].RootNode)!.AsObject();
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(entry => KeyValuePair.Create(((YamlScalarNode)entry.Key).Value!, Convert(entry.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => plain.Value switch
        {
            "null" => null,
            "true" => true,
            "false" => false,
            var text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
            var text => text,
        },
        YamlScalarNode quoted => quoted.Value,
        _ => throw new NotSupportedException(node.ToString()),
    };
}
