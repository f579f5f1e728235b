using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>Reads fields of one JSON object by meaning, with bounds on every text.</summary>
internal readonly struct JsonFields
{
    /// <summary>Deep enough for device lists in request data, too shallow to exhaust a stack.</summary>
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private readonly JsonElement _object;
    private readonly string _path;

    public JsonFields(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FieldException(path, $"The field {path} is not a JSON object.");
        }

        _object = element;
        _path = path;
    }

    /// <exception cref="JsonException">Not JSON, too deep, or a key twice.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8) => JsonDocument.Parse(utf8, Strict);

    /// <exception cref="JsonException">Not JSON, too deep, or a key twice.</exception>
    public static JsonDocument Parse(string text) => JsonDocument.Parse(text, Strict);

    public JsonElement? Element(Field field)
    {
        JsonElement? found = null;
        foreach (var spelling in WireNames.SpellingsOf(field))
        {
            if (_object.TryGetProperty(spelling, out var element) && element.ValueKind != JsonValueKind.Null)
            {
                if (found is not null)
                {
                    throw new FieldException(Path(field), $"The field {Path(field)} is there twice, in two spellings.");
                }

                found = element;
            }
        }

        return found;
    }

    public JsonFields Object(Field field) =>
        Element(field) is { } element ? new JsonFields(element, Path(field)) : throw FieldException.Missing(Path(field));

    public string? Text(Field field, int mostCharacters = 255)
    {
        if (Element(field) is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.String)
        {
            throw new FieldException(Path(field), $"The field {Path(field)} is not a text.");
        }

        var text = element.GetString()!;
        if (text.Length > mostCharacters)
        {
            throw new FieldException(Path(field), $"The field {Path(field)} is longer than {mostCharacters} characters.");
        }

        return text.Any(char.IsControl) ? throw new FieldException(Path(field), $"The field {Path(field)} holds a control character.") : text;
    }

    public string RequiredText(Field field, int mostCharacters = 255) => Text(field, mostCharacters) ?? throw FieldException.Missing(Path(field));

    /// <summary>A JSON text of its own, of any length and content.</summary>
    public string? Nested(Field field) => Element(field) is { ValueKind: JsonValueKind.String } element ? element.GetString() : null;

    public long? Number(Field field) =>
        Element(field) is not { } element ? null
        : element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var number) ? number
        : throw new FieldException(Path(field), $"The field {Path(field)} is not a whole number.");

    public bool Flag(Field field) => Element(field) switch
    {
        null => false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw new FieldException(Path(field), $"The field {Path(field)} is neither true nor false."),
    };

    /// <summary>The objects of a list; an absent list is an empty one.</summary>
    public IEnumerable<JsonFields> List(Field field, int most)
    {
        if (Element(field) is not { } element)
        {
            return [];
        }

        if (element.ValueKind != JsonValueKind.Array)
        {
            throw new FieldException(Path(field), $"The field {Path(field)} is not a list.");
        }

        if (element.GetArrayLength() > most)
        {
            throw new FieldException(Path(field), $"The list {Path(field)} has more than {most} entries.");
        }

        var path = Path(field);
        return element.EnumerateArray().Select(entry => new JsonFields(entry, path + "[]"));
    }

    public bool Has(Field field) => Element(field) is not null;

    public string Path(Field field) => _path.Length == 0 ? WireNames.Of(field) : $"{_path}.{WireNames.Of(field)}";
}

/// <summary>A field that will not do; the message is a sentence that names it.</summary>
internal sealed class FieldException(string field, string sentence) : Exception(sentence)
{
    public string Field { get; } = field;

    public string AsErrorsHash => RefusalTexts.ErrorsHash(Field, Message);

    public static FieldException Missing(string field) => new(field, $"The field {field} is missing or of the wrong kind.");
}
