using System.Net.Mail;

namespace TransportGateway.Accounts;

/// <summary>What an account or a virtual account may be called.</summary>
internal static class Names
{
    /// <summary>Products store 1 to 255 characters (wire-protocol 2.5).</summary>
    public const int MostCharacters = 255;

    /// <summary>As many as an address has (RFC 5321).</summary>
    public const int MostEmailCharacters = 254;

    /// <summary>Two names that differ only in case are the same name.</summary>
    public static string Key(string name) => name.ToUpperInvariant();

    /// <summary>Null when the name will do, else the sentence that says what would.</summary>
    public static string? Problem(string what, string name) =>
        TextProblem(what, name, MostCharacters)
        // A slash cannot be told from a separator in the paths of the REST API.
        ?? (name.Contains('/', StringComparison.Ordinal) ? $"{what} holds a slash, which the REST API's paths cannot carry; leave it out." : null)
        ?? (name is "." or ".." ? $"{what} is '{name}', which web clients take out of the REST API's paths; choose another name." : null);

    /// <summary>The same for a text that is in no path.</summary>
    public static string? TextProblem(string what, string text, int mostCharacters) => text switch
    {
        _ when string.IsNullOrWhiteSpace(text) => $"{what} is missing; give it 1 to {mostCharacters} characters.",
        _ when text.Length > mostCharacters => $"{what} is {text.Length} characters long; at most {mostCharacters} are stored.",
        _ when text != text.Trim() => $"{what} begins or ends with a blank; leave it out.",
        _ when text.Any(char.IsControl) => $"{what} holds a control character; leave it out.",
        _ => null,
    };

    /// <summary>The same for an e-mail address.</summary>
    public static string? EmailProblem(string what, string email) =>
        TextProblem(what, email, MostEmailCharacters)
        ?? (MailAddress.TryCreate(email, out var address) && address.Address == email
            ? null
            : $"{what} '{email}' is not one address, as in licences@example.com.");

    /// <summary>The account's name, percent-encoded, with -1 behind it: what products that knew SSM On-Prem dial (wire-protocol 3.1).</summary>
    /// <remarks>Only ASCII comes out, so both engines agree on which ones differ in case alone.</remarks>
    public static string TenantId(string accountName) => Uri.EscapeDataString(accountName) + "-1";

    /// <summary>Why a name cannot be given to another account, in a sentence.</summary>
    public static string Taken(LocalAccountRow by) => by.Status switch
    {
        AccountStatus.Pending => $"'{by.Name}' is requested already; approve or reject that request, or choose another name.",
        AccountStatus.Rejected => $"'{by.Name}' was requested and rejected. Request it again, or delete it first: tgctl account delete '{by.Name}'",
        _ => $"There is a local account '{by.Name}' already; choose another name.",
    };
}
