using System.Text.Json;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>The mail server that takes the gateway's mails, and who gets those about the gateway itself. Stored in the database, so both nodes of a cluster have it.</summary>
internal sealed record MailSettings
{
    public const string StartTls = "starttls";
    public const string Tls = "tls";
    public const string Unprotected = "none";
    public const int MostRecipients = 20;

    private const string Name = "email";
    private const string PasswordPurpose = "email-password";

    /// <summary>Null while no mails are sent.</summary>
    public string? Server { get; init; }

    /// <summary>0 for the usual one: 587, with TLS from the start 465, without any 25.</summary>
    public int Port { get; init; }

    public string Security { get; init; } = StartTls;

    /// <summary>Roots that the server's certificate must chain to, PEM; those of the machine when empty.</summary>
    public string TlsAnchors { get; init; } = "";

    public string Sender { get; init; } = "";

    /// <summary>Empty where the server wants no sign-in.</summary>
    public string User { get; init; } = "";

    public Secret Password { get; init; } = new("");

    /// <summary>Who is told of what concerns the whole gateway.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = [];

    /// <summary>Whether they are told of minor alerts, too.</summary>
    public bool AllAlerts { get; init; }

    public string Language { get; init; } = Texts.English.Language;

    public static IReadOnlyList<string> Securities { get; } = [StartTls, Tls, Unprotected];

    public static IReadOnlyList<string> Languages { get; } = [Texts.English.Language, Texts.TraditionalChinese];

    public int PortInUse => Port > 0 ? Port : Security switch
    {
        Tls => 465,
        StartTls => 587,
        _ => 25,
    };

    public static async Task<MailSettings> LoadAsync(DbSession session, MasterKey masterKey, CancellationToken cancellationToken)
    {
        if (await new StoredSettings(session).FindAsync(Name, cancellationToken) is not { } text)
        {
            return new MailSettings();
        }

        var stored = JsonSerializer.Deserialize<Stored>(text)!;
        return new MailSettings
        {
            Server = stored.Server,
            Port = stored.Port,
            Security = stored.Security,
            TlsAnchors = stored.TlsAnchors,
            Sender = stored.Sender,
            User = stored.User,
            Password = masterKey.OpenText(PasswordPurpose, stored.SealedPassword),
            Recipients = stored.Recipients,
            AllAlerts = stored.AllAlerts,
            Language = stored.Language,
        };
    }

    public Task SaveAsync(DbSession session, MasterKey masterKey, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(
            Name,
            JsonSerializer.Serialize(new Stored(
                Server, Port, Security, TlsAnchors, Sender, User, masterKey.SealText(PasswordPurpose, Password), [.. Recipients], AllAlerts, Language)),
            by,
            now,
            cancellationToken);

    /// <summary>What will not do about them, each a sentence; empty when they are right.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        ServerName.Check(Server, Port, problems);
        if (!Securities.Contains(Security))
        {
            problems.Add($"security: '{OneLine.Of(Security)}' is none of {string.Join(", ", Securities)}.");
        }

        if (!Languages.Contains(Language))
        {
            problems.Add($"language: '{OneLine.Of(Language)}' is none of {string.Join(", ", Languages)}.");
        }

        UpstreamRoute.CheckAnchors("tlsAnchors", TlsAnchors, problems);
        if ((Server is not null || Sender.Length > 0) && Names.EmailProblem("sender: the address", Sender) is { } sender)
        {
            problems.Add(sender);
        }

        CheckAddresses("recipients", Recipients, problems);
        if (User.Length > 500 || User.Any(char.IsControl) || Password.Value.Length > 500 || Password.Value.Any(char.IsControl))
        {
            problems.Add("user and password: at most 500 characters, no control characters.");
        }

        if (User.Length > 0 && Password.Value.Length == 0)
        {
            problems.Add("password: it is needed with user; without both the gateway does not sign in.");
        }

        if (User.Length > 0 && Security == Unprotected)
        {
            problems.Add("security: with 'none' the password could be read on the way; use starttls or tls, or no user.");
        }

        return problems;
    }

    /// <summary>A list of addresses, for whatever is sent to them.</summary>
    public static void CheckAddresses(string key, IReadOnlyList<string> addresses, List<string> problems)
    {
        if (addresses.Count > MostRecipients)
        {
            problems.Add($"{key}: at most {MostRecipients} addresses; use a mailing list for more.");
        }

        problems.AddRange(addresses.Select(address => Names.EmailProblem($"{key}: the address", address)).OfType<string>());
    }

    private sealed record Stored(
        string? Server,
        int Port,
        string Security,
        string TlsAnchors,
        string Sender,
        string User,
        string SealedPassword,
        string[] Recipients,
        bool AllAlerts,
        string Language);
}
