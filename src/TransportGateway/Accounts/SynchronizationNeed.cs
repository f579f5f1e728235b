using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>The mark <c>synchronisation needed</c> of local accounts with the alerts that belong to it.</summary>
internal static class SynchronizationNeed
{
    public const string Alert = "Synchronization Needed";
    public const string RegisteredBefore = "Registered Before Synchronization";

    /// <summary>Marks every account that has a Smart Account, each with an alert.</summary>
    /// <param name="cause">What changed, as the beginning of a sentence.</param>
    /// <returns>The accounts that are marked now.</returns>
    public static async Task<IReadOnlyList<LocalAccountRow>> MarkAllAsync(DbSession session, string cause, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var accounts = new LocalAccounts(session);
        await accounts.MarkSynchronizationNeededAsync(cancellationToken);
        var marked = (await accounts.ListAsync(cancellationToken)).Where(account => account.SynchronizationNeeded).ToArray();
        foreach (var account in marked)
        {
            await new Alerts(session).RaiseAsync(
                AlertSubject.OfAccount(account.Id, Alert),
                AlertSeverity.Major,
                $"{cause} Synchronise '{account.Name}' with Software Central; until then products that register under it may refuse the gateway's certificate.",
                now,
                cancellationToken);
        }

        return marked;
    }

    /// <summary>The account has synchronised: the mark goes, and the alerts with it.</summary>
    public static async Task ClearAsync(DbSession session, string accountId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await new LocalAccounts(session).ClearSynchronizationNeededAsync(accountId, cancellationToken);
        var alerts = new Alerts(session);
        await alerts.ClearOfAccountAsync(accountId, Alert, now, cancellationToken);
        await alerts.ClearOfAccountAsync(accountId, RegisteredBefore, now, cancellationToken);
    }

    /// <summary>A product registered while its account is marked.</summary>
    public static Task RegisteredMeanwhileAsync(
        DbSession session, string accountId, string instanceId, string product, DateTimeOffset now, CancellationToken cancellationToken) =>
        new Alerts(session).RaiseAsync(
            AlertSubject.OfAccount(accountId, RegisteredBefore, instanceId),
            AlertSeverity.Minor,
            $"{product} registered while its account needs a synchronisation. Synchronise the account; if the product then loses contact, register it again.",
            now,
            cancellationToken);
}
