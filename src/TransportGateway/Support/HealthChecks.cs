using System.Diagnostics;
using TransportGateway.Authority;
using TransportGateway.Backups;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.SignOn;
using TransportGateway.Webhooks;

namespace TransportGateway.Support;

/// <summary>Looks at everything that an administrator would look at first when something is wrong (ssm-on-prem 1.11).</summary>
internal sealed class HealthChecks(
    Database database,
    MasterKey masterKey,
    MachineMonitor monitor,
    CheckHostCertificate hostCertificate,
    CertificateAuthority authority,
    HaStatus highAvailability,
    LdapDirectory ldap,
    TimeProvider clock)
{
    public const string Good = "good";
    public const string Attention = "attention";
    public const string Bad = "bad";
    private const int DaysBeforeExpiry = 30;

    /// <param name="State">One of the three words above.</param>
    /// <param name="Sentence">What was found, and what to do about it.</param>
    public sealed record Check(string Name, string State, string Sentence);

    public async Task<IReadOnlyList<Check>> RunAsync(CancellationToken cancellationToken)
    {
        var checks = new List<Check> { await DatabaseAsync(cancellationToken) };
        checks.AddRange(Machine());
        checks.AddRange(await CertificatesAsync(cancellationToken));
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            checks.Add(await AlertsAsync(session, cancellationToken));
            checks.AddRange(await SyslogAsync(session, cancellationToken));
            checks.AddRange(await EmailAsync(session, cancellationToken));
            checks.AddRange(await WebhooksAsync(session, cancellationToken));
            checks.Add(await BackupAsync(session, cancellationToken));
        }

        checks.AddRange(await HighAvailabilityAsync(cancellationToken));
        checks.AddRange(await SignOnAsync(cancellationToken));
        return checks;
    }

    private async Task<Check> DatabaseAsync(CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            await using var session = await database.BeginAsync(cancellationToken);
            await session.ScalarAsync<long>("SELECT 1", null, cancellationToken);
            return new Check("Database", Good, $"{database.Dialect.Name} takes a transaction within {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms.");
        }
        catch (System.Data.Common.DbException exception)
        {
            return new Check("Database", Bad, $"{database.Dialect.Name} takes no transaction: {exception.Message}");
        }
    }

    private IEnumerable<Check> Machine()
    {
        var load = monitor.Read();
        yield return Share("Disk", load.DiskUsedBytes, load.DiskBytes, "The file system of the data directory", "Make room, before the database cannot write any more.");
        yield return Share("Memory", load.MemoryUsedBytes, load.MemoryBytes, "The machine's memory", "Stop what is not needed, or add memory.");
    }

    private static Check Share(string name, long used, long all, string what, string advice)
    {
        var percent = all > 0 ? 100 * used / all : 0;
        var state = percent >= 97 ? Bad : percent >= 90 ? Attention : Good;
        return new Check(name, state, $"{what} is {percent} % full.{(state == Good ? "" : " " + advice)}");
    }

    private async Task<IEnumerable<Check>> CertificatesAsync(CancellationToken cancellationToken)
    {
        var report = await hostCertificate.ExecuteAsync(null, cancellationToken);
        var findings = string.Join(' ', report.Findings);
        return
        [
            new Check("Host certificate", findings.Length > 0 ? Attention : Good, findings.Length > 0 ? findings : $"Products that dial {report.Names.CommonName} accept it."),
            Expiry("Host certificate's end", new DateTimeOffset(report.Certificate.NotAfter)),
            Expiry("Signing certificate's end", new DateTimeOffset(authority.CurrentSigner.Certificate.NotAfter)),
        ];
    }

    private Check Expiry(string name, DateTimeOffset end)
    {
        var days = (int)(end - clock.GetUtcNow()).TotalDays;
        return new Check(name, days < 0 ? Bad : days < DaysBeforeExpiry ? Attention : Good, $"It is valid until {end.UtcDateTime:yyyy-MM-dd}, for {days} more day(s).");
    }

    private static async Task<Check> AlertsAsync(DbSession session, CancellationToken cancellationToken)
    {
        var open = (await new Alerts(session).ListOpenAsync(null, cancellationToken)).Where(alert => alert.Kind != Alerts.InsufficientLicenses).ToArray();
        return new Check(
            "Alerts",
            open.Any(alert => alert.Severity == AlertSeverity.Major) ? Bad : open.Length > 0 ? Attention : Good,
            open.Length == 0 ? "None is open, but for licences that are short." : string.Join(' ', open.Select(alert => $"{alert.Kind}: {alert.Message}")));
    }

    private static async Task<IEnumerable<Check>> SyslogAsync(DbSession session, CancellationToken cancellationToken)
    {
        if (await SyslogSettings.LoadAsync(session, cancellationToken) is not { Server: { } server })
        {
            return [];
        }

        return await new EventFollowers(session).FindAsync(ForwardToSyslog.Follower, cancellationToken) is { StuckSince: { } since } stuck
            ? [new Check("Syslog", Bad, $"{stuck.Problem} Entries of the event log wait since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC.")]
            : [new Check("Syslog", Good, $"{server} takes what it is sent, or nothing was sent yet.")];
    }

    private async Task<IEnumerable<Check>> EmailAsync(DbSession session, CancellationToken cancellationToken)
    {
        if ((await MailSettings.LoadAsync(session, masterKey, cancellationToken)).Server is not { } server)
        {
            return [];
        }

        var waiting = (await new Mails(session).CountAsync(cancellationToken)).GetValueOrDefault(DeliveryState.Waiting);
        return await new Mails(session).FindLastAttemptedAsync(cancellationToken) is { } last && last.State != DeliveryState.Delivered
            ? [new Check("E-mail", Attention, $"The last mail was not taken: {last.Outcome} {waiting} wait. See: tgctl email outbox")]
            : [new Check("E-mail", Good, $"{server} took the last mail, or nothing was sent yet. {waiting} wait.")];
    }

    private static async Task<IEnumerable<Check>> WebhooksAsync(DbSession session, CancellationToken cancellationToken)
    {
        var store = new WebhookStore(session);
        var checks = new List<Check>();
        foreach (var webhook in await store.ListAsync(cancellationToken))
        {
            var last = await store.ListDeliveriesAsync(webhook.Id, 1, cancellationToken);
            checks.Add(last is [var delivery] && delivery.State != DeliveryState.Delivered && delivery.Attempts > 0
                ? new Check("Webhook " + webhook.Name, Attention, $"The last message was not taken: {delivery.Outcome}")
                : new Check("Webhook " + webhook.Name, Good, last.Count == 0 ? "Nothing was sent yet." : "The last message was taken, or is on its way."));
        }

        return checks;
    }

    private async Task<Check> BackupAsync(DbSession session, CancellationToken cancellationToken)
    {
        const int DaysWithout = 30;
        var last = (await new BackupStore(session).ListAsync(cancellationToken)).FirstOrDefault(backup => backup.State == BackupRow.Made);
        return last is null ? new Check("Backup", Attention, "There is none. Make a recovery key and set a schedule: Backup, or tgctl backup.")
            : last.DrillPassed == false ? new Check("Backup", Bad, $"The last one cannot be restored: {last.DrillResult}")
            : clock.GetUtcNow() - last.StartedAt > TimeSpan.FromDays(DaysWithout) ? new Check("Backup", Attention, $"The last one is of {last.StartedAt.UtcDateTime:yyyy-MM-dd}. Set a schedule.")
            : new Check("Backup", Good, $"The last one is of {last.StartedAt.UtcDateTime:yyyy-MM-dd}.");
    }

    private async Task<IEnumerable<Check>> HighAvailabilityAsync(CancellationToken cancellationToken)
    {
        var status = await highAvailability.ReadAsync(cancellationToken);
        return !status.Enabled ? [] : [new Check("High Availability", status.State == "Normal" ? Good : Bad, string.Join(' ', status.Risks.Select(risk => risk.ToString()).Prepend($"{status.State}: {status.Sentence}")))];
    }

    private async Task<IEnumerable<Check>> SignOnAsync(CancellationToken cancellationToken)
    {
        DirectorySettings directory;
        ProviderSettings provider;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            directory = await DirectorySettings.LoadAsync(session, masterKey, cancellationToken);
            provider = await ProviderSettings.LoadAsync(session, masterKey, cancellationToken);
        }

        var checks = new List<Check>();
        if (directory.Address is not null)
        {
            try
            {
                await ldap.FindAsync(directory, "health-check", password: null, cancellationToken);
                checks.Add(new Check("LDAP directory", Good, $"{directory.Address} answers."));
            }
            catch (DirectoryUnreachableException exception)
            {
                checks.Add(new Check("LDAP directory", Bad, exception.Message));
            }
        }

        if (provider.Issuer is not null)
        {
            try
            {
                checks.Add(new Check("Identity provider", Good, $"{(await OpenIdProvider.DescribeAsync(provider, cancellationToken)).Issuer} answers."));
            }
            catch (ProviderException exception)
            {
                checks.Add(new Check("Identity provider", Bad, exception.Message));
            }
        }

        return checks;
    }
}
