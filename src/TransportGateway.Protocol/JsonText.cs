using System.Text.Json;
using System.Text.Unicode;

namespace TransportGateway.Protocol;

/// <summary>Opens one JSON level under the rules that hold for all three: bounded depth, no duplicate keys, one object and nothing after it.</summary>
internal static class JsonText
{
    // Enough to find the key by; whoever sends half a megabyte of it must not have that written down.
    private const int MostOfKey = 60;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = WireLimits.JsonDepth, AllowDuplicateProperties = false };
    private static readonly JsonDocumentOptions Lenient = new() { MaxDepth = WireLimits.JsonDepth, AllowDuplicateProperties = true };

    public static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The document of an object, or what is wrong, as the rest of a sentence that begins with the place of the text.</summary>
    public static JsonDocument? Open(ReadOnlyMemory<byte> utf8, out string problem) =>
        Open(utf8, static (text, options) => JsonDocument.Parse(text, options), out problem);

    /// <inheritdoc cref="Open(ReadOnlyMemory{byte}, out string)"/>
    public static JsonDocument? Open(string text, out string problem) =>
        Open(text, static (text, options) => JsonDocument.Parse(text, options), out problem);

    /// <summary>A text that was refused for its duplicate keys, to read whom the refusal is for. Null when something else is wrong.</summary>
    public static JsonDocument? OpenDespiteDuplicates(string text) =>
        OpenDespiteDuplicates(text, static (text, options) => JsonDocument.Parse(text, options));

    /// <summary>The same for the bytes of a message; null also when they are not UTF-8. A byte order mark is passed over.</summary>
    public static JsonDocument? OpenDespiteDuplicates(ReadOnlyMemory<byte> utf8)
    {
        var text = utf8.Span.StartsWith(ByteOrderMark) ? utf8[ByteOrderMark.Length..] : utf8;
        return Utf8.IsValid(text.Span) ? OpenDespiteDuplicates(text, static (text, options) => JsonDocument.Parse(text, options)) : null;
    }

    /// <summary>The text of a string element, or null when it escapes half of a surrogate pair, which no text can hold.</summary>
    public static string? Read(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The bytes of a base64 string element, or null when it is none.</summary>
    public static byte[]? ReadBase64(JsonElement text)
    {
        try
        {
            return text.ValueKind == JsonValueKind.String && text.TryGetBytesFromBase64(out var bytes) ? bytes : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonDocument? OpenDespiteDuplicates<T>(T text, Func<T, JsonDocumentOptions, JsonDocument> parse)
    {
        try
        {
            return ObjectOrNull(parse(text, Lenient));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonDocument? Open<T>(T text, Func<T, JsonDocumentOptions, JsonDocument> parse, out string problem)
    {
        problem = "is not a JSON object";
        try
        {
            return ObjectOrNull(parse(text, Strict));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            problem = DuplicateKey(text, parse) is { } key
                ? $"has the key {Excerpt.Of(key, MostOfKey)} twice in one object"
                : $"is not readable as JSON{PlaceOf(exception)}";
            return null;
        }
    }

    private static JsonDocument? ObjectOrNull(JsonDocument document)
    {
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        return null;
    }

    private static string PlaceOf(Exception exception) =>
        exception is JsonException { LineNumber: { } line, BytePositionInLine: { } position }
            ? $" (line {line + 1}, byte {position + 1})"
            : string.Empty;

    private static string? DuplicateKey<T>(T text, Func<T, JsonDocumentOptions, JsonDocument> parse)
    {
        try
        {
            using var document = parse(text, Lenient);
            return FirstDuplicate(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // The depth of the recursion is that of the JSON, which is bounded.
    private static string? FirstDuplicate(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            return element.EnumerateArray().Select(FirstDuplicate).FirstOrDefault(key => key is not null);
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!seen.Add(property.Name))
            {
                return property.Name;
            }

            if (FirstDuplicate(property.Value) is { } inner)
            {
                return inner;
            }
        }

        return null;
    }
}
