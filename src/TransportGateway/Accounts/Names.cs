namespace TransportGateway.Accounts;

/// <summary>What an account or a virtual account may be called.</summary>
internal static class Names
{
    /// <summary>Products store 1 to 255 characters (wire-protocol 2.5).</summary>
    public const int MostCharacters = 255;

    /// <summary>Two names that differ only in case are the same name.</summary>
    public static string Key(string name) => name.ToUpperInvariant();

    /// <summary>Null when the name will do, else the sentence that says what would.</summary>
    public static string? Problem(string what, string name) => name switch
    {
        _ when string.IsNullOrWhiteSpace(name) => $"{what} is missing; give it 1 to {MostCharacters} characters.",
        { Length: > MostCharacters } => $"{what} is {name.Length} characters long; products store at most {MostCharacters}.",
        _ when name != name.Trim() => $"{what} begins or ends with a blank; leave it out.",
        _ when name.Any(char.IsControl) => $"{what} holds a control character; leave it out.",
        // A slash cannot be told from a separator in the paths of the REST API.
        _ when name.Contains('/', StringComparison.Ordinal) => $"{what} holds a slash, which the REST API's paths cannot carry; leave it out.",
        _ => null,
    };
}
