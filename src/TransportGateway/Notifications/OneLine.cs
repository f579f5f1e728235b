namespace TransportGateway.Notifications;

/// <summary>Texts that come from products and people, where a line or a field is all they may fill.</summary>
internal static class OneLine
{
    /// <summary>Whatever ends a line or commands a terminal becomes a blank, so that no text can look like another entry or another header.</summary>
    public static string Of(string text) => text.Any(Breaks) ? string.Concat(text.Select(letter => Breaks(letter) ? ' ' : letter)) : text;

    /// <summary>The same, cut to a length.</summary>
    public static string Of(string text, int mostCharacters) => Of(text.Length > mostCharacters ? text[..(char.IsHighSurrogate(text[mostCharacters - 1]) ? mostCharacters - 1 : mostCharacters)] : text);

    private static bool Breaks(char letter) => char.IsControl(letter) || letter is '\u2028' or '\u2029';
}
