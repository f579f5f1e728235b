using CsCheck;

namespace TransportGateway.Tests.Protocol;

/// <summary>Texts of all 65,536 code units alike, halves of surrogate pairs and control characters included, with runs of ordinary ones.</summary>
internal static class AnyText
{
    public static readonly Gen<string> Gen = CsCheck.Gen.OneOf(
        CsCheck.Gen.Char['\0', '\uffff'].Array[0, 20].Select(characters => new string(characters)),
        CsCheck.Gen.Char['\0', '\u007f'].Array[0, 20].Select(characters => new string(characters)));

    /// <summary>The text with the replacement character for each half of a pair: what any UTF-8 can hold of it.</summary>
    public static string WellFormed(string text) => string.Concat(text.EnumerateRunes());
}
