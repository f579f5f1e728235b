using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Notifications;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>What the account is told by e-mail, and what Cisco is not told of its products (ssm-on-prem 2.5).</summary>
internal sealed class PreferencesPage(ChangePreferences change, Database database, MasterKey masterKey) : LicensingPage(database)
{
    /// <summary>Words and descriptions, in English, to be looked up in the person's language.</summary>
    public static IReadOnlyList<(string Digest, string Label)> Digests { get; } = [(DigestRhythm.None, "none"), (DigestRhythm.Daily, "every day"), (DigestRhythm.Weekly, "every Monday")];

    /// <inheritdoc cref="Digests"/>
    public static IReadOnlyList<(string Word, string Label)> Withholdable { get; } =
        [("host-name", "host name"), ("ip-address", "IP address"), ("mac-address", "MAC address"), ("serial-number", "serial number")];

    public Preferences Preferences { get; private set; } = new([], false, DigestRhythm.None, null, [], false);

    /// <summary>Whether mails go out at all.</summary>
    public bool CanSend { get; private set; }

    [Needs(Permission.ManageVirtualAccounts)]
    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ?? Page();

    [Needs(Permission.ManageVirtualAccounts)]
    public async Task<IActionResult> OnPostEmailAsync(string? emails, bool alertsAtOnce, string? digest)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        var typed = Lines.Of(emails);
        var outcome = await change.ExecuteAsync(new ChangePreferences.Request(Caller, Account, typed, alertsAtOnce, digest), Aborted);
        Preferences = Preferences with { Emails = typed, AlertsAtOnce = alertsAtOnce, Digest = digest ?? Preferences.Digest };
        return Answer(outcome);
    }

    [Needs(Permission.ManageVirtualAccounts)]
    public async Task<IActionResult> OnPostPrivacyAsync(string[]? withhold) =>
        await LoadAsync() ?? Answer(await change.ExecuteAsync(new ChangePreferences.Request(Caller, Account, Withhold: withhold ?? []), Aborted));

    private IActionResult Answer(ChangePreferences.Outcome outcome) => outcome switch
    {
        ChangePreferences.Outcome.Changed => Done(T["The preferences were saved."], AccountPath("preferences")),
        ChangePreferences.Outcome.Invalid(var reason) => Refuse(reason),
        ChangePreferences.Outcome.NotRegistered(var reason) => Refuse(reason, StatusCodes.Status409Conflict),
        ChangePreferences.Outcome.NotAllowed(var reason) => Refuse(reason, StatusCodes.Status403Forbidden),
        _ => throw new InvalidOperationException(outcome.GetType().Name),
    };

    private async Task<IActionResult?> LoadAsync()
    {
        if (await FindAsync(Part.Whole) is { } missing)
        {
            return missing;
        }

        await using var session = await Database.ReadAsync(Aborted);
        CanSend = (await MailSettings.LoadAsync(session, masterKey, Aborted)).Server is not null;
        Preferences = await Preferences.LoadAsync(session, Account.Id, Aborted);
        return null;
    }
}
