namespace TransportGateway.Web;

/// <summary>What a person's language can be, each in its own words; the first in English, to be looked up.</summary>
internal static class LanguageNames
{
    public static IReadOnlyList<(string Value, string Name)> OfPeople { get; } = [("", "The one that the browser asks for"), ("en", "English"), ("zh-Hant", "繁體中文")];
}
