using System.Net.Mail;

namespace TransportGateway.Access;

/// <summary>What may stand in a user's fields.</summary>
internal static class UserFields
{
    public const int MostNameCharacters = 64;
    private const int MostTextCharacters = 200;

    /// <summary>The languages that the browser's pages speak.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["en", "zh-Hant"];

    /// <summary>What is wrong with the name, in a sentence; null when it will do.</summary>
    public static string? ProblemOfName(string name) =>
        name.Length is 0 or > MostNameCharacters || name is "." or ".." || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' or '@')
            ? $"A user name has 1 to {MostNameCharacters} of these characters: letters a to z, digits, and . _ - @; it is more than dots alone"
            : null;

    public static string? ProblemOf(string email, string firstName, string lastName, string systemRole, string language) =>
        email.Length > 0 && (email.Length > MostTextCharacters || !MailAddress.TryCreate(email, out var address) || address.Address != email) ? $"'{email}' is no e-mail address. Leave it empty, or write it as name@example.com."
        : new[] { firstName, lastName }.Any(text => text.Length > MostTextCharacters || text.Any(char.IsControl)) ? $"First and last name have at most {MostTextCharacters} characters and no control characters."
        : !Roles.OfSystem.Contains(systemRole) ? $"There is no system role '{systemRole}'. There are: {string.Join(", ", Roles.OfSystem)}."
        : language.Length > 0 && !Languages.Contains(language) ? $"There is no language '{language}'. There are: {string.Join(", ", Languages)}; leave it empty for the browser's."
        : null;
}
