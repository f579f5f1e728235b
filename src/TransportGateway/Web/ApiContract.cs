using System.Reflection;
using YamlDotNet.RepresentationModel;

namespace TransportGateway.Web;

/// <summary>The contract of the REST API as people read it: every operation, with the shapes of what goes in and comes out.</summary>
internal sealed class ApiContract
{
    private const string Resource = "openapi.yaml";
    private const int DeepestShape = 6;
    private static readonly Lazy<ApiContract> Read = new(() => new ApiContract());

    private readonly YamlMappingNode _root;

    private ApiContract()
    {
        var yaml = new YamlStream();
        using var text = new StreamReader(Open());
        yaml.Load(text);
        _root = (YamlMappingNode)yaml.Documents[0].RootNode;
        Introduction = Text(_root["info"], "description");
        Areas = [.. Operations().GroupBy(operation => operation.Area, StringComparer.Ordinal).Select(area => (area.Key, area.ToArray()))];
    }

    public static ApiContract Own => Read.Value;

    public string Introduction { get; }

    public IReadOnlyList<(string Name, Operation[] Operations)> Areas { get; }

    /// <summary>The file itself, out of the assembly.</summary>
    public static Stream Open() => Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!;

    private IEnumerable<Operation> Operations() =>
        from path in ((YamlMappingNode)_root["paths"]).Children
        from entry in ((YamlMappingNode)path.Value).Children
        let method = ((YamlScalarNode)entry.Key).Value!
        where method is "get" or "post" or "put" or "patch" or "delete"
        let operation = (YamlMappingNode)entry.Value
        select new Operation(
            Text(operation, "operationId"),
            ((YamlSequenceNode)operation["tags"])[0].ToString(),
            method.ToUpperInvariant(),
            path.Key.ToString(),
            Text(operation, "summary"),
            Text(operation, "description"),
            [.. Parameters((YamlMappingNode)path.Value).Concat(Parameters(operation))],
            Find(operation, "requestBody") is { } body ? Bodies(Follow(body)) : [],
            [.. ((YamlMappingNode)operation["responses"]).Children.Select(answer => Answered(answer.Key.ToString(), Follow(answer.Value)))]);

    private IEnumerable<string> Parameters(YamlMappingNode node) =>
        Find(node, "parameters") is YamlSequenceNode parameters
            ? parameters.Children.Select(Follow).Select(parameter => $"{Text(parameter, "name")} ({Text(parameter, "in")}){After(": ", Text(parameter, "description"))}")
            : [];

    private Answer Answered(string status, YamlMappingNode answer) => new(status, Text(answer, "description"), Bodies(answer));

    private IReadOnlyList<Body> Bodies(YamlMappingNode node) =>
        Find(node, "content") is YamlMappingNode content
            ? [.. content.Children.Select(entry => new Body(entry.Key.ToString(), Find((YamlMappingNode)entry.Value, "schema") is { } schema ? [.. Shape("", Follow(schema), 0, "")] : []))]
            : [];

    /// <summary>A schema as lines, one for each member, deeper ones further in.</summary>
    private IEnumerable<string> Shape(string name, YamlMappingNode schema, int depth, string mark)
    {
        var parts = Find(schema, "allOf") is YamlSequenceNode all ? all.Children.Select(Follow).ToArray() : [schema];
        var head = parts[0];
        yield return $"{new string(' ', depth * 2)}{(name.Length > 0 ? name + mark + ": " : "")}{Kind(head)}{After(" · ", Text(head, "description"))}";
        if (depth > DeepestShape)
        {
            yield break;
        }

        foreach (var part in parts)
        {
            var required = Find(part, "required") is YamlSequenceNode names ? names.Children.Select(entry => entry.ToString()).ToHashSet(StringComparer.Ordinal) : [];
            foreach (var (key, member) in Find(part, "properties") is YamlMappingNode members ? members.Children.Select(entry => (entry.Key.ToString(), entry.Value)) : [])
            {
                foreach (var line in Shape(key, Follow(member), depth + 1, required.Contains(key) ? "*" : ""))
                {
                    yield return line;
                }
            }

            if (Find(part, "items") is { } items && Find(Follow(items), "properties") is not null)
            {
                foreach (var line in Shape("[]", Follow(items), depth + 1, ""))
                {
                    yield return line;
                }
            }
        }
    }

    private string Kind(YamlMappingNode schema)
    {
        if (Find(schema, "enum") is YamlSequenceNode values)
        {
            return string.Join(" | ", values.Children);
        }

        if (Find(schema, "const") is { } only)
        {
            return only.ToString();
        }

        var type = Find(schema, "type") switch
        {
            YamlSequenceNode several => string.Join(" | ", several.Children),
            null => "any",
            var one => one.ToString(),
        };
        var of = Find(schema, "items") is { } items && Find(Follow(items), "properties") is null ? " of " + Kind(Follow(items)) : "";
        return type + of + After(" ", Text(schema, "format")) + After(", default ", Text(schema, "default"));
    }

    private YamlMappingNode Follow(YamlNode node)
    {
        while (Find((YamlMappingNode)node, "$ref") is { } reference)
        {
            node = reference.ToString()[2..].Split('/').Aggregate((YamlNode)_root, (at, name) => at[name]);
        }

        return (YamlMappingNode)node;
    }

    private static YamlNode? Find(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var found) ? found : null;

    private static string Text(YamlNode node, string name) => Find((YamlMappingNode)node, name)?.ToString() ?? "";

    private static string After(string mark, string text) => text.Length > 0 ? mark + text : "";

    /// <param name="Area">What the contract files it under.</param>
    internal sealed record Operation(
        string Id,
        string Area,
        string Method,
        string Path,
        string Summary,
        string Description,
        IReadOnlyList<string> Parameters,
        IReadOnlyList<Body> Bodies,
        IReadOnlyList<Answer> Answers);

    /// <param name="Shape">A line for each member; one with a star is always there.</param>
    internal sealed record Body(string Type, IReadOnlyList<string> Shape);

    internal sealed record Answer(string Status, string Description, IReadOnlyList<Body> Bodies);
}
