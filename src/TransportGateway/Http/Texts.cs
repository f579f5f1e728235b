using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using TransportGateway.Protocol;

namespace TransportGateway.Http;

/// <summary>The sentences of pages and mails in a person's language. The English sentence is the key; one without a translation is shown in English.</summary>
internal sealed class Texts
{
    public const string Cookie = "tg-language";
    public const string TraditionalChinese = "zh-Hant";

    private readonly FrozenDictionary<string, string> _translated;

    private Texts(string language, FrozenDictionary<string, string> translated)
    {
        Language = language;
        _translated = translated;
    }

    public static Texts English { get; } = new("en", FrozenDictionary<string, string>.Empty);

    public static Texts Chinese { get; } = new(TraditionalChinese, Load());

    /// <summary>As the page's <c>lang</c> says it.</summary>
    public string Language { get; }

    public string this[string english] => _translated.GetValueOrDefault(english, english);

    public string this[Sentence sentence] => sentence.Values.Count == 0
        ? this[sentence.English]
        : this[sentence.English, [.. sentence.Values.Select(value => value is Sentence inner ? this[inner] : value)]];

    /// <param name="english">With places for the values: <c>{0}</c>.</param>
    public string this[string english, params object?[] values] => string.Format(CultureInfo.InvariantCulture, this[english], values);

    /// <param name="language">As <see cref="Language"/> names it; every other one is English.</param>
    public static Texts In(string language) => language == TraditionalChinese ? Chinese : English;

    /// <summary>What the switch was set to, else what the person chose; null when nobody chose anything.</summary>
    public static Texts? Chosen(HttpContext context, string? ofPerson) =>
        context.Request.Cookies[Cookie] is { Length: > 0 } cookie ? In(cookie) : ofPerson is { Length: > 0 } ? In(ofPerson) : null;

    /// <summary>What the browser asks for.</summary>
    public static Texts OfBrowser(HttpContext context) =>
        context.Request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1).Select(Of).FirstOrDefault(found => found is not null) ?? English;

    private static Texts? Of(StringWithQualityHeaderValue language) =>
        language.Value.Value is not { } name ? null
        : name.StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? Chinese
        : name.StartsWith("en", StringComparison.OrdinalIgnoreCase) ? English
        : null;

    private static FrozenDictionary<string, string> Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("zh-Hant.json")!;
        return JsonSerializer.Deserialize<Dictionary<string, string>>(stream)!.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
