namespace TransportGateway.Protocol;

/// <summary>What a sender wrote, fit for a sentence of ours: its beginning, with a question mark in place of each control character.</summary>
public static class Excerpt
{
    public static string Of(string text, int most)
    {
        var beginning = text;
        if (text.Length > most)
        {
            // Half of a surrogate pair is no text: PostgreSQL would refuse it.
            beginning = text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)] + "...";
        }

        return string.Concat(beginning.Select(letter => char.IsControl(letter) ? '?' : letter));
    }
}
