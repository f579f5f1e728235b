using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Makes the purchased quantities of an account what its entitlements grant at this instant.</summary>
/// <remarks>
/// The only place from which purchased quantities are written: after a synchronisation replaced the entitlements, and when a term
/// begins or ends. They stand in the Default local virtual account, as the cloud's virtual account knows nothing of local ones.
/// </remarks>
internal static class SettlePurchases
{
    /// <summary>In its caller's transaction. False when they were right already.</summary>
    public static async Task<bool> ExecuteAsync(DbSession session, LocalAccountRow account, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var virtualAccount = (await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken)).Single(found => found.IsDefault);
        var pools = new LicensePools(session);
        var granted = await new Entitlements(session).PurchasedAtAsync(account.Id, now, cancellationToken);
        var held = (await pools.ListAsync(virtualAccount.Id, cancellationToken)).ToDictionary(pool => pool.Tag, pool => pool.Purchased, StringComparer.Ordinal);
        var changes = Changes(granted, held);
        foreach (var (tag, _, becomes) in changes)
        {
            await pools.SetPurchasedAsync(virtualAccount.Id, tag, becomes, cancellationToken);
        }

        // Substitution rules may have changed along with the entitlements, so the alerts are looked at in any case.
        var balances = await Compliance.SettleAsync(session, account.Id, virtualAccount.Id, cancellationToken);
        await Compliance.UpdateAlertsAsync(session, account.Id, virtualAccount.Id, balances, now, cancellationToken);
        if (changes.Count == 0)
        {
            return false;
        }

        var what = string.Join("; ", changes.Take(20).Select(change => $"{Catalogue.NameOf(change.Tag).DisplayName}: {change.Was} to {change.Becomes}"));
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.PurchasesChanged, Severity.Info, by, $"Purchased quantities changed: {what}{(changes.Count > 20 ? " and more" : "")}.", account.Id),
            now,
            cancellationToken);
        return true;
    }

    /// <summary>In the order of their tags, as pools are always touched.</summary>
    private static List<(string Tag, long Was, long Becomes)> Changes(IReadOnlyDictionary<string, long> granted, Dictionary<string, long> held) =>
        [.. granted.Keys.Union(held.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(tag => (Tag: tag, Was: held.GetValueOrDefault(tag), Becomes: granted.GetValueOrDefault(tag)))
            .Where(change => change.Was != change.Becomes)];
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
