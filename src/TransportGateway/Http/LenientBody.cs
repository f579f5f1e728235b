using System.Globalization;
using System.Text.Json;

namespace TransportGateway.Http;

/// <summary>The parameters of a request in whichever way existing clients send them (ssm-on-prem 6.4): JSON, the text null, a form, the query.</summary>
/// <remarks>
/// Numbers may be texts and texts numbers: spreadsheets feed some of those clients. Lenient in the form, not in the meaning:
/// a body that would have to be guessed at is refused. Every text is checked when it is read, so that no later step stumbles over it.
/// </remarks>
internal sealed class LenientBody
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);

    private LenientBody()
    {
    }

    /// <exception cref="BadHttpRequestException">The body is neither, or holds what is no text; the message says what would be right.</exception>
    public static async Task<LenientBody> ReadAsync(HttpContext context)
    {
        var body = new LenientBody();
        body.Add(context.Request.Query);
        if (context.Request.HasFormContentType)
        {
            body.Add(await ReadFormAsync(context));
            return body;
        }

        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        if (buffer.Length > 0)
        {
            body.AddJson(buffer.ToArray());
        }

        return body;
    }

    /// <summary>An object inside a body, to be read as leniently.</summary>
    public static LenientBody Of(JsonElement element)
    {
        var body = new LenientBody();
        foreach (var property in element.EnumerateObject())
        {
            body._values[property.Name] = property.Value;
        }

        return body;
    }

    /// <exception cref="BadHttpRequestException">It is a list or an object.</exception>
    public string? Text(string name) => _values.TryGetValue(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Array or JsonValueKind.Object => throw new BadHttpRequestException($"{name} must be a plain value, sent once."),
            _ => value.GetRawText(),
        }
        : null;

    /// <summary>A whole number, also as a text and as 365.0; null when absent or empty.</summary>
    /// <exception cref="BadHttpRequestException">It is no whole number.</exception>
    public int? Number(string name)
    {
        var text = Text(name);
        return string.IsNullOrWhiteSpace(text) ? null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue
                ? (int)number
                : throw new BadHttpRequestException($"{name} is not a whole number.");
    }

    /// <summary>A list of texts; a single text counts as a list of one; null when absent.</summary>
    public IReadOnlyList<string>? Texts(string name) => !_values.TryGetValue(name, out var value) ? null
        : value.ValueKind switch
        {
            JsonValueKind.Array => [.. value.EnumerateArray().Select(entry => entry.ToString())],
            JsonValueKind.String => [value.GetString()!],
            _ => null,
        };

    public IReadOnlyList<JsonElement> Objects(string name) =>
        _values.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Where(entry => entry.ValueKind == JsonValueKind.Object)] : [];

    private static async Task<IFormCollection> ReadFormAsync(HttpContext context)
    {
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException exception)
        {
            throw new BadHttpRequestException("The form is not well-formed, or has too many or too long fields.", exception);
        }
    }

    /// <summary>A field that comes several times is a list, as forms write lists.</summary>
    private void Add(IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> fields)
    {
        foreach (var (name, values) in fields)
        {
            var value = values.Count == 1 ? JsonSerializer.SerializeToElement(values[0]) : JsonSerializer.SerializeToElement(values.ToArray());
            CheckTexts(name, value);
            _values[name] = value;
        }
    }

    private void AddJson(byte[] bytes)
    {
        const string NotJson = "The body is not JSON. Send a JSON object without doubled fields, a form, or no body.";
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind == JsonValueKind.Null)
            {
                return;
            }

            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new BadHttpRequestException("The body is not a JSON object. Send the fields in one, as a form, or no body.");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                CheckTexts(property.Name, property.Value);
                _values[property.Name] = property.Value.Clone();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A name that is no text (half a surrogate pair) is only found when it is read.
            throw new BadHttpRequestException(NotJson, exception);
        }
    }

    /// <remarks>JSON can write half a surrogate pair, which is no text, and a zero character, which PostgreSQL does not store.</remarks>
    private static void CheckTexts(string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var entry in value.EnumerateArray())
                {
                    CheckTexts(name, entry);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    CheckTexts(property.Name, property.Value);
                }

                break;
            case JsonValueKind.String when TextOf(name, value).Contains('\0', StringComparison.Ordinal):
                throw new BadHttpRequestException($"{name} holds a zero character; leave it out.");
            default:
                break;
        }
    }

    private static string TextOf(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new BadHttpRequestException($"{name} is not well-formed text.", exception);
        }
    }
}
