using System.Globalization;
using System.Text.Json;

namespace TransportGateway.Http;

/// <summary>The parameters of a request in whichever way existing clients send them (ssm-on-prem 6.4): JSON, the text null, a form, the query.</summary>
/// <remarks>Numbers may be texts and texts numbers: spreadsheets feed some of those clients.</remarks>
internal sealed class LenientBody
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);

    private LenientBody()
    {
    }

    /// <exception cref="BadHttpRequestException">The body claims to be JSON and is none.</exception>
    public static async Task<LenientBody> ReadAsync(HttpContext context)
    {
        var body = new LenientBody();
        foreach (var (key, values) in context.Request.Query)
        {
            body._values[key] = JsonSerializer.SerializeToElement(values.ToString());
        }

        if (context.Request.HasFormContentType)
        {
            foreach (var (key, values) in await context.Request.ReadFormAsync(context.RequestAborted))
            {
                body._values[key] = JsonSerializer.SerializeToElement(values.ToString());
            }

            return body;
        }

        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        if (buffer.Length == 0)
        {
            return body;
        }

        try
        {
            using var document = JsonDocument.Parse(buffer.ToArray());
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in document.RootElement.EnumerateObject())
                {
                    body._values[property.Name] = property.Value.Clone();
                }
            }

            return body;
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException("The body is not JSON. Send a JSON object, a form, or no body.", exception);
        }
    }

    public string? Text(string name) => _values.TryGetValue(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
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
}
