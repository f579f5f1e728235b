using System.Text.Json;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>What the gateway asks of passwords, and when it locks users and ends sessions. Kept in the database, so both nodes have it.</summary>
internal sealed record AccessRules
{
    public const int MostPasswordCharacters = 256;
    private const string Name = "access-rules";

    /// <summary>Wrong passwords in a row that lock a user; 0 never locks.</summary>
    public int LockAfterFailures { get; init; } = 5;

    public int LockMinutes { get; init; } = 15;

    /// <summary>A browser that nobody uses for so long is signed out.</summary>
    public int IdleMinutes { get; init; } = 30;

    /// <summary>The longest that a session lasts.</summary>
    public int SessionHours { get; init; } = 12;

    public int PasswordCharacters { get; init; } = 12;

    /// <summary>How many of the four kinds a password has: small letters, capitals, digits, others.</summary>
    public int PasswordKinds { get; init; } = 3;

    /// <summary>How many former passwords may not come back.</summary>
    public int PasswordHistory { get; init; } = 5;

    /// <summary>A password older than this has to be changed at the next sign-in; 0 never.</summary>
    public int PasswordDays { get; init; }

    /// <summary>Whether users whose password the gateway checks must set up a second factor before they do anything else.</summary>
    public bool SecondFactorNeeded { get; init; }

    public static async Task<AccessRules> LoadAsync(DbSession session, CancellationToken cancellationToken) =>
        await new StoredSettings(session).FindAsync(Name, cancellationToken) is { } text ? JsonSerializer.Deserialize<AccessRules>(text)! : new AccessRules();

    public Task SaveAsync(DbSession session, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(Name, JsonSerializer.Serialize(this), by, now, cancellationToken);

    /// <summary>What is wrong with these rules, each a sentence.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        Range("lockAfterFailures", LockAfterFailures, 0, 100);
        Range("lockMinutes", LockMinutes, 1, 24 * 60);
        Range("idleMinutes", IdleMinutes, 1, 24 * 60);
        Range("sessionHours", SessionHours, 1, 7 * 24);
        Range("passwordCharacters", PasswordCharacters, 8, 128);
        Range("passwordKinds", PasswordKinds, 1, 4);
        Range("passwordHistory", PasswordHistory, 0, 50);
        Range("passwordDays", PasswordDays, 0, 3650);
        return problems;

        void Range(string name, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                problems.Add($"{name} must be a number from {least} to {most}.");
            }
        }
    }

    /// <summary>What is wrong with a new password, in a sentence; null when it will do.</summary>
    public string? ProblemOf(Secret password, string userName)
    {
        var text = password.Value;
        var kinds = new[] { text.Any(char.IsLower), text.Any(char.IsUpper), text.Any(char.IsDigit), text.Any(letter => !char.IsLetterOrDigit(letter)) }.Count(has => has);
        return text.Length < PasswordCharacters ? $"The password needs at least {PasswordCharacters} characters."
            : text.Length > MostPasswordCharacters ? $"The password may have at most {MostPasswordCharacters} characters."
            : kinds < PasswordKinds ? $"The password needs {PasswordKinds} of these kinds: small letters, capitals, digits, other characters."
            : text.Contains(userName, StringComparison.OrdinalIgnoreCase) ? "The password must not contain the user name."
            : null;
    }

    public bool IsExpired(UserRow user, DateTimeOffset now) =>
        user.Origin == UserOrigin.Local && PasswordDays > 0 && user.PasswordChangedAt is { } changed && changed.AddDays(PasswordDays) < now;

    /// <summary>False while the person has to change the password or set up a second factor first.</summary>
    public bool MayGoOn(UserRow user, DateTimeOffset now) => !user.PasswordMustChange && !IsExpired(user, now) && !WantsSecondFactorOf(user);

    public bool WantsSecondFactorOf(UserRow user) => SecondFactorNeeded && user.Origin == UserOrigin.Local && !user.TotpConfirmed;
}
