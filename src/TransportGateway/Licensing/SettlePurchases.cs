using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Makes the purchased quantities of an account what its entitlements grant at this instant.</summary>
/// <remarks>
/// The only place from which the sum of purchased quantities is written: after a synchronisation replaced the entitlements, and when a term
/// begins or ends. Software Central knows nothing of local virtual accounts: what it grants more goes to the Default one, what was transferred
/// stays where it is, and what it grants no longer is taken as <see cref="PurchaseShares"/> says.
/// </remarks>
internal static class SettlePurchases
{
    private const int MostNamed = 20;

    /// <summary>In its caller's transaction. False when they were right already.</summary>
    public static async Task<bool> ExecuteAsync(DbSession session, LocalAccountRow account, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await new LocalAccounts(session).HoldAsync(account.Id, cancellationToken);
        var virtualAccounts = await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken);
        var pools = new LicensePools(session);
        var granted = await new Entitlements(session).PurchasedAtAsync(account.Id, now, cancellationToken);
        var held = (await pools.ListOfAccountAsync(account.Id, cancellationToken)).Select(row => new LicenseShare(row.VirtualAccountId, row.Tag, row.Purchased, row.InUse)).ToArray();
        var changes = PurchaseShares.Settle(granted, held, [.. virtualAccounts.Select(virtualAccount => virtualAccount.Id)]);
        foreach (var change in changes)
        {
            await pools.SetPurchasedAsync(change.VirtualAccountId, change.Tag, change.Becomes, cancellationToken);
        }

        // Substitution rules may have changed along with the entitlements, so the alerts are looked at in any case.
        foreach (var virtualAccount in virtualAccounts.OrderBy(virtualAccount => virtualAccount.Id, StringComparer.Ordinal))
        {
            await Compliance.RefreshAlertsAsync(session, account.Id, virtualAccount.Id, now, cancellationToken);
        }

        if (changes.Count == 0)
        {
            return false;
        }

        var log = new EventLog(session);
        var facts = await new Entitlements(session).FactsAsync(account.Id, cancellationToken);
        await log.AppendAsync(
            new LoggedEvent(EventKinds.PurchasesChanged, Severity.Info, by, $"Purchased quantities changed: {Sums(granted, held, facts)}.", account.Id)
            { VirtualAccountId = OnlyOneOf(changes), Licenses = changes.Select(change => change.Tag) },
            now,
            cancellationToken);
        if (TakenBack(changes, virtualAccounts, facts) is { Length: > 0 } taken)
        {
            await log.AppendAsync(
                new LoggedEvent(
                    EventKinds.TransfersTakenBack, Severity.Warning, by, $"Cisco grants fewer licences, so some that were transferred are gone: {taken}.", account.Id)
                { VirtualAccountId = OnlyOneOf(changes), Licenses = changes.Select(change => change.Tag) },
                now,
                cancellationToken);
        }

        return true;
    }

    private static string? OnlyOneOf(IReadOnlyList<ShareChange> changes) =>
        changes.Select(change => change.VirtualAccountId).Distinct(StringComparer.Ordinal).ToArray() is [var only] ? only : null;

    private static string Sums(IReadOnlyDictionary<string, long> granted, IReadOnlyCollection<LicenseShare> held, IReadOnlyDictionary<string, Entitlements.TagFacts> facts)
    {
        var sums = held.GroupBy(share => share.Tag, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(share => share.Purchased), StringComparer.Ordinal);
        return Enumerate([.. granted.Keys.Union(sums.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Where(tag => sums.GetValueOrDefault(tag) != granted.GetValueOrDefault(tag))
            .Select(tag => $"{Catalogue.NameOf(tag, facts).DisplayName}: {sums.GetValueOrDefault(tag)} to {granted.GetValueOrDefault(tag)}")]);
    }

    private static string TakenBack(IReadOnlyList<ShareChange> changes, IReadOnlyList<VirtualAccountRow> virtualAccounts, IReadOnlyDictionary<string, Entitlements.TagFacts> facts)
    {
        var names = virtualAccounts.Where(virtualAccount => !virtualAccount.IsDefault).ToDictionary(virtualAccount => virtualAccount.Id, virtualAccount => virtualAccount.Name, StringComparer.Ordinal);
        return Enumerate([.. changes.Where(change => names.ContainsKey(change.VirtualAccountId))
            .Select(change => $"{Catalogue.NameOf(change.Tag, facts).DisplayName} in '{names[change.VirtualAccountId]}': {change.Was} to {change.Becomes}")]);
    }

    private static string Enumerate(IReadOnlyList<string> changes) => string.Join("; ", changes.Take(MostNamed)) + (changes.Count > MostNamed ? " and more" : "");
}

/// <summary>Lets terms begin and end on time, without a synchronisation.</summary>
internal sealed class LicenseTerms(Database database, TimeProvider clock) : IJob
{
    public string Name => "license terms";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        IReadOnlyList<string> due;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            due = await new Entitlements(reading).ListUnsettledAccountsAsync(now, cancellationToken);
        }

        foreach (var accountId in due)
        {
            await using var session = await database.BeginAsync(cancellationToken);
            if (await new LocalAccounts(session).FindAsync(accountId, cancellationToken) is { } account
                && await SettlePurchases.ExecuteAsync(session, account, "gateway", now, cancellationToken))
            {
                await session.CommitAsync();
            }
        }
    }
}
