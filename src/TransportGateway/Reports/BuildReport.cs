using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Reports;

/// <summary>Makes the reports of a local account, as far as the caller may see it (ssm-on-prem 2.6).</summary>
internal sealed class BuildReport(ListLicenses licenses, Database database, TimeProvider clock)
{
    public const string Licenses = "licenses";
    public const string Instances = "product-instances";
    public const string History = "usage-history";
    private const int MostInstances = 1_000_000;
    private const int InstancesAtATime = 5000;

    public static IReadOnlyList<string> Names { get; } = [Licenses, Instances, History];

    /// <param name="virtualAccount">The one that it is about; null for all that the caller may see.</param>
    /// <returns>Null when there is no such report.</returns>
    public async Task<Report?> ExecuteAsync(Caller caller, LocalAccountRow account, VirtualAccountRow? virtualAccount, string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<VirtualAccountRow> parts;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            parts = virtualAccount is not null ? [virtualAccount] : [.. AccountScope.Visible(caller, await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken))];
        }

        return name switch
        {
            Licenses => await LicensesAsync(account, parts, cancellationToken),
            Instances => await InstancesAsync(parts, cancellationToken),
            History => await HistoryAsync(account, parts, cancellationToken),
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

    private async Task<Report> LicensesAsync(LocalAccountRow account, IReadOnlyList<VirtualAccountRow> parts, CancellationToken cancellationToken)
    {
        var rows = new List<object?[]>();
        foreach (var part in parts)
        {
            rows.AddRange((await licenses.ExecuteAsync(account.Id, part.Id, cancellationToken)).Select(license => new object?[]
            {
                part.Name, license.Name.DisplayName, license.Tag, license.Billing, license.Balance.Purchased, license.Balance.InUse, license.Balance.Substitution, license.Balance.Balance, license.Relayed, license.Status, license.Alert,
            }));
        }

        return new Report(Licenses, ["Local Virtual Account", "License", "Entitlement Tag", "Billing", "Purchased", "In Use", "Substitution", "Balance", "Relayed", "Status", "Alerts"], rows);
    }

    private async Task<Report> InstancesAsync(IReadOnlyList<VirtualAccountRow> parts, CancellationToken cancellationToken)
    {
        var rows = new List<object?[]>();
        await using var session = await database.ReadAsync(cancellationToken);
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

    private async Task<Report> HistoryAsync(LocalAccountRow account, IReadOnlyList<VirtualAccountRow> parts, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
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
