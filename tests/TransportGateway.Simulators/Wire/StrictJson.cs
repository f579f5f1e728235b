using System.Text.Json;

namespace TransportGateway.Simulators.Wire;

/// <summary>Reads fields of an answer and says which one is wrong.</summary>
internal readonly struct StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly JsonElement element;
    private readonly string path;

    private StrictJson(JsonElement element, string path)
    {
        this.element = element;
        this.path = path;
    }

    public static StrictJson Parse(string text, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Options);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                ? new StrictJson(root.Clone(), path)
                : throw Wrong($"{path} is not a JSON object");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Wrong($"{path} is not readable JSON: {error.Message}");
        }
    }

    public StrictJson Object(string name) => OptionalObject(name) ?? throw Missing(name, "an object");

    public StrictJson? OptionalObject(string name) => Value(name) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.Object ? new StrictJson(value, Path(name)) : throw Missing(name, "an object");

    public IEnumerable<StrictJson> Objects(string name)
    {
        var outer = Path(name);
        return Array(name).Select((item, index) => item.ValueKind == JsonValueKind.Object
            ? new StrictJson(item, $"{outer}[{index}]")
            : throw Wrong($"{outer}[{index}] is not an object"));
    }

    public string[] Texts(string name)
    {
        var outer = Path(name);
        return
        [
            .. Array(name).Select(item => item.ValueKind == JsonValueKind.String
                ? Read(item, outer)
                : throw Wrong($"{outer} holds something else than texts")),
        ];
    }

    public string Text(string name) => OptionalText(name) ?? throw Missing(name, "a text");

    public string? OptionalText(string name) => Value(name) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.String ? Read(value, Path(name)) : throw Missing(name, "a text");

    public long Integer(string name) => OptionalInteger(name) ?? throw Missing(name, "a whole number");

    public long? OptionalInteger(string name) => Value(name) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Missing(name, "a whole number");

    public int? OptionalCount(string name) => Value(name) is null ? null : Count(name);

    public int Count(string name) => OptionalInteger(name) is >= 0 and <= int.MaxValue and var number ? (int)number : throw Missing(name, "a count");

    public bool Boolean(string name) => Value(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value
        ? value.GetBoolean()
        : throw Missing(name, "true or false");

    /// <summary>An instant as Unix milliseconds, before the year 3000.</summary>
    public DateTimeOffset Instant(string name) => OptionalInteger(name) is >= 0 and < 32_503_680_000_000 and var milliseconds
        ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
        : throw Missing(name, "an instant in Unix milliseconds");

    /// <summary>An escape may stand for half of a surrogate pair, which no text can hold.</summary>
    private static string Read(JsonElement text, string path)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong($"{path} holds half of a surrogate pair");
        }
    }

    private static UnverifiableReplyException Wrong(string reason) => new(VerificationStep.Json, reason);

    private JsonElement? Value(string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private JsonElement.ArrayEnumerator Array(string name) => Value(name) is { ValueKind: JsonValueKind.Array } value
        ? value.EnumerateArray()
        : throw Missing(name, "a list");

    private string Path(string name) => $"{path}.{name}";

    private UnverifiableReplyException Missing(string name, string expected) =>
        Wrong($"{Path(name)} is {(Value(name) is null ? "missing" : "not what it should be")}; expected {expected}");
}
