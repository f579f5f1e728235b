using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TransportGateway.Tests.Contract;

/// <summary>What is wrong with a JSON value by the contract's schema. Members that the schema does not name are wrong, too, unless it says that there may be any.</summary>
internal static class SchemaCheck
{
    public static IEnumerable<string> Problems(JsonNode? value, JsonNode schema, string at = "$")
    {
        var rule = OpenApi.Follow(schema);
        if (rule["oneOf"] is JsonArray choices)
        {
            return choices.Any(choice => !Problems(value, choice!, at).Any()) ? [] : [$"{at} fits none of the schemas that it may have: {Shown(value)}"];
        }

        if (!IsOfType(value, rule["type"]))
        {
            return [$"{at} should be {rule["type"]!.ToJsonString()} and is {Shown(value)}"];
        }

        return Limits(value, rule, at).Concat(value switch
        {
            JsonObject members => Members(members, rule, at),
            JsonArray items when rule["items"] is { } each => items.SelectMany((item, number) => Problems(item, each, $"{at}[{number}]")),
            _ => [],
        });
    }

    private static IEnumerable<string> Members(JsonObject members, JsonObject rule, string at)
    {
        var (properties, required, open) = Flatten(rule);
        foreach (var missing in required.Where(name => !members.ContainsKey(name)))
        {
            yield return $"{at}.{missing} is missing";
        }

        foreach (var (name, value) in members)
        {
            if (properties.TryGetValue(name, out var schema))
            {
                foreach (var problem in Problems(value, schema, $"{at}.{name}"))
                {
                    yield return problem;
                }
            }
            else if (!open)
            {
                yield return $"{at}.{name} is not in the contract";
            }
        }
    }

    private static (Dictionary<string, JsonNode> Properties, HashSet<string> Required, bool Open) Flatten(JsonObject rule)
    {
        var properties = (rule["properties"]?.AsObject() ?? []).ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.Ordinal);
        var required = (rule["required"]?.AsArray() ?? []).Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var open = rule["additionalProperties"]?.GetValue<bool>() == true;
        foreach (var part in rule["allOf"]?.AsArray() ?? [])
        {
            var (more, needed, opens) = Flatten(OpenApi.Follow(part!));
            foreach (var (name, schema) in more)
            {
                properties[name] = schema;
            }

            required.UnionWith(needed);
            open |= opens;
        }

        return (properties, required, open);
    }

    private static IEnumerable<string> Limits(JsonNode? value, JsonObject rule, string at)
    {
        if (rule["enum"] is JsonArray words && !words.Any(word => JsonNode.DeepEquals(word, value)))
        {
            yield return $"{at} is {Shown(value)}, which is none of {words.ToJsonString()}";
        }

        if (rule.ContainsKey("const") && !JsonNode.DeepEquals(rule["const"], value))
        {
            yield return $"{at} is {Shown(value)} and not {rule["const"]!.ToJsonString()}";
        }

        if (rule["maxItems"] is { } most && value is JsonArray items && items.Count > most.GetValue<long>())
        {
            yield return $"{at} has {items.Count} items, more than {most}";
        }

        if (value is not JsonValue scalar)
        {
            yield break;
        }

        if (scalar.TryGetValue(out double number) && scalar.GetValueKind() == JsonValueKind.Number
            && ((rule["minimum"] is { } least && number < least.GetValue<long>()) || (rule["maximum"] is { } greatest && number > greatest.GetValue<long>())))
        {
            yield return $"{at} is {number}, out of its bounds";
        }

        if (scalar.TryGetValue(out string? text)
            && ((rule["format"]?.GetValue<string>() == "date-time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _))
                || (rule["pattern"] is { } pattern && !Regex.IsMatch(text, pattern.GetValue<string>(), RegexOptions.None, TimeSpan.FromSeconds(30)))))
        {
            yield return $"{at} is '{text}', which is not in its form";
        }
    }

    private static bool IsOfType(JsonNode? value, JsonNode? type) => type switch
    {
        null => true,
        JsonArray several => several.Any(one => IsOfType(value, one)),
        _ => type.GetValue<string>() switch
        {
            "null" => value is null,
            "object" => value is JsonObject,
            "array" => value is JsonArray,
            "string" => value?.GetValueKind() == JsonValueKind.String,
            "boolean" => value?.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
            "number" => value?.GetValueKind() == JsonValueKind.Number,
            "integer" => value?.GetValueKind() == JsonValueKind.Number && value.AsValue().TryGetValue(out long _),
            var other => throw new NotSupportedException(other),
        },
    };

    private static string Shown(JsonNode? value) => value?.ToJsonString() is { } text ? text.Length > 200 ? text[..200] + "..." : text : "null";
}
