using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.Reports;

/// <summary>Makes the reports of a local account, as far as the caller may see it (ssm-on-prem 2.6).</summary>
internal sealed class BuildReport(Database database, TimeProvider clock) : IDisposable
{
    public const string Licenses = "licenses";
    public const string Instances = "product-instances";
    public const string History = "usage-history";
    public const int MostWaiting = 4;
    private const int MostInstances = 1_000_000;
    private const int InstancesAtATime = 5000;

    // A report stands in memory as a whole.
    private readonly Turn _turn = new(MostWaiting, new Sentence("Too many reports are being made. Try again in a few seconds."));

    /// <summary>How many are being made, or wait.</summary>
    public int Here => _turn.Here;

    public static IReadOnlyList<string> Names { get; } = [Licenses, Instances, History];

    /// <param name="virtualAccount">The one that it is about; null for all that the caller may see.</param>
    /// <param name="write">Makes a file of the report. No other report is made meanwhile.</param>
    /// <returns>Null when there is no such report.</returns>
    /// <exception cref="BusyException">Too many wait already.</exception>
    public Task<byte[]?> ExecuteAsync(
        Caller caller, LocalAccountRow account, VirtualAccountRow? virtualAccount, string name, Func<Report, byte[]> write, CancellationToken cancellationToken) =>
        _turn.TakeAsync(async () => await BuildAsync(caller, account, virtualAccount, name, cancellationToken) is { } report ? write(report) : null, cancellationToken);

    /// <summary>Makes a file of the event log, in turn with the reports.</summary>
    /// <exception cref="BusyException">Too many wait already.</exception>
    public Task<byte[]> EventsAsync(EventFilter filter, bool newestFirst, Func<Report, byte[]> write, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            await using var session = await database.ReadAsync(cancellationToken);
            return write(await EventsAsync(session, filter, newestFirst, cancellationToken));
        },
        cancellationToken);

    /// <summary>Makes something else that takes as much room as a report. No report is made meanwhile.</summary>
    /// <exception cref="BusyException">Too many wait already.</exception>
    public Task<T> InTurnAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken) => _turn.TakeAsync(work, cancellationToken);

    public void Dispose() => _turn.Dispose();

    private async Task<Report?> BuildAsync(Caller caller, LocalAccountRow account, VirtualAccountRow? virtualAccount, string name, CancellationToken cancellationToken)
    {
        // What moves from one account to another meanwhile is in it once.
        await using var session = await database.ReadSnapshotAsync(cancellationToken);
        IReadOnlyList<VirtualAccountRow> parts = virtualAccount is not null
            ? [virtualAccount]
            : [.. AccountScope.Visible(caller, await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken))];
        return name switch
        {
            Licenses => await LicensesAsync(session, account, parts, cancellationToken),
            Instances => await InstancesAsync(session, parts, cancellationToken),
            History => await HistoryAsync(session, account, parts, cancellationToken),
            _ => null,
        };
    }

    /// <summary>The event log as a file; the first rows when there are more than a file should have.</summary>
    public static async Task<Report> EventsAsync(DbSession session, EventFilter filter, bool newestFirst, CancellationToken cancellationToken)
    {
        const int MostEvents = 100_000;
        var (rows, _) = await new EventLog(session).SearchAsync(filter, newestFirst, MostEvents, 0, cancellationToken);
        return new Report(
            "events",
            ["Time (UTC)", "Severity", "Event", "User", "Message"],
            [.. rows.Select(row => new object?[] { row.OccurredAt.UtcDateTime, row.Severity, row.Kind, row.Actor, row.Message })]);
    }

    private static async Task<Report> LicensesAsync(DbSession session, LocalAccountRow account, IReadOnlyList<VirtualAccountRow> parts, CancellationToken cancellationToken)
    {
        var rows = new List<object?[]>();
        foreach (var part in parts)
        {
            rows.AddRange((await ListLicenses.OfAsync(session, account.Id, part.Id, cancellationToken)).Select(license => new object?[]
            {
                part.Name, license.Name.DisplayName, license.Tag, license.Billing, license.Balance.Purchased, license.Balance.InUse, license.Balance.Substitution, license.Balance.Balance, license.Relayed, license.Status, license.Alert,
            }));
        }

        return new Report(Licenses, ["Local Virtual Account", "License", "Entitlement Tag", "Billing", "Purchased", "In Use", "Substitution", "Balance", "Relayed", "Status", "Alerts"], rows);
    }

    private static async Task<Report> InstancesAsync(DbSession session, IReadOnlyList<VirtualAccountRow> parts, CancellationToken cancellationToken)
    {
        var rows = new List<object?[]>();
        foreach (var part in parts)
        {
            for (var offset = 0; offset < MostInstances; offset += InstancesAtATime)
            {
                var some = await new Inventory(session).ListAsync(part.Id, InstancesAtATime, offset, cancellationToken);
                rows.AddRange(some.Select(row => new object?[]
                {
                    part.Name, row.DisplayName, row.ProductType, row.UdiPid, row.UdiSerialNumber, row.SoftwareTag, row.RegisteredAt.UtcDateTime, row.LastContactAt.UtcDateTime, row.AuthorizationStatus, row.ExportControlled ? "Allowed" : "Not Allowed", row.Id,
                }));
                if (some.Count < InstancesAtATime)
                {
                    break;
                }
            }
        }

        return new Report(
            Instances,
            ["Local Virtual Account", "Name", "Product Type", "PID", "Serial Number", "Software Tag", "Registered (UTC)", "Last Contact (UTC)", "Authorization", "Export-Controlled", "Identifier"],
            rows);
    }

    private async Task<Report> HistoryAsync(DbSession session, LocalAccountRow account, IReadOnlyList<VirtualAccountRow> parts, CancellationToken cancellationToken)
    {
        var facts = await new Entitlements(session).FactsAsync(account.Id, cancellationToken);
        var days = await new UsageHistory(session).ListAsync([.. parts.Select(part => part.Id)], clock.GetUtcNow().AddDays(-RecordUsage.DaysKept - 1), cancellationToken);
        return new Report(
            History,
            ["Day (UTC)", "License", "Entitlement Tag", "Purchased", "In Use"],
            [.. days.Select(day => new object?[] { day.Day.UtcDateTime, Catalogue.NameOf(day.Tag, facts).DisplayName, day.Tag, day.Purchased, day.InUse })]);
    }
}

/// <param name="Name">One of <see cref="BuildReport.Names"/>; part of the file's name.</param>
/// <param name="Rows">Texts, whole numbers and instants in UTC.</param>
internal sealed record Report(string Name, IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows);
