using System.IO.Compression;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using TransportGateway.Accounts;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.Reports;

namespace TransportGateway.Support;

/// <summary>What somebody who helps needs to see, in one file without secrets. Names of people, products and machines are in it.</summary>
/// <remarks>It is put together from what is known to be harmless, never by taking secrets out of something that has them.</remarks>
internal sealed class SupportBundle(Database database, MasterKey masterKey, HealthChecks checks, MachineMonitor monitor, HaStatus highAvailability, Uptime uptime, SupportFacts facts, TimeProvider clock)
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async Task<byte[]> MakeAsync(CancellationToken cancellationToken)
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "about.json", new
            {
                version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3),
                runtime = Environment.Version.ToString(),
                system = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
                processors = Environment.ProcessorCount,
                database = database.Dialect.Name,
                madeAt = clock.GetUtcNow(),
                uptimeSeconds = (long)uptime.Value.TotalSeconds,
                residentBytes = Environment.WorkingSet,
            });
            Add(zip, "health.json", await checks.RunAsync(cancellationToken));
            Add(zip, "machine.json", monitor.Read());
            Add(zip, "settings.json", facts.Settings);
            Add(zip, "high-availability.json", await highAvailability.ReadAsync(cancellationToken));
            await using var session = await database.ReadAsync(cancellationToken);
            Add(zip, "accounts.json", (await new LocalAccounts(session).ListAsync(cancellationToken)).Select(account => new
            {
                account.Name,
                account.Status,
                account.StatusReason,
                hasSmartAccount = account.SmartAccount is not null,
                account.SynchronizationNeeded,
                account.RelayAllowed,
            }));
            Add(zip, "notifications.json", await NotificationsAsync(session, cancellationToken));
            Add(zip, "alerts.json", await new Alerts(session).ListOpenAsync(null, cancellationToken));
            Add(zip, "events.csv", ReportFile.Write(await BuildReport.EventsAsync(session, EventFilter.All, newestFirst: true, cancellationToken), ReportFile.Csv));
        }

        return file.ToArray();
    }

    private async Task<object> NotificationsAsync(DbSession session, CancellationToken cancellationToken)
    {
        var syslog = await SyslogSettings.LoadAsync(session, cancellationToken);
        var mail = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
        return new
        {
            syslog = new { syslog.Server, port = syslog.PortInUse, syslog.Transport, syslog.LeastSeverity, syslog.LeftOut, state = await new EventFollowers(session).FindAsync(ForwardToSyslog.Follower, cancellationToken) },
            email = new { mail.Server, port = mail.PortInUse, mail.Security, signsIn = mail.User.Length > 0, recipients = mail.Recipients.Count, mails = await new Mails(session).CountAsync(cancellationToken) },
        };
    }

    private static void Add(ZipArchive zip, string name, object content) => Add(zip, name, JsonSerializer.SerializeToUtf8Bytes(content, Readable));

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        using var entry = zip.CreateEntry(name).Open();
        entry.Write(content);
    }
}

/// <summary>What the configuration says, as far as everybody may read it.</summary>
/// <param name="Settings">A secret's value is the word <c>set</c>, or empty.</param>
internal sealed record SupportFacts(IReadOnlyDictionary<string, string> Settings);
