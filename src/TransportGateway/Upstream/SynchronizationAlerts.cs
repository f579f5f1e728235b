using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>What an administrator is told about the synchronisation of an account.</summary>
internal static class SynchronizationAlerts
{
    /// <summary>Shown for an account that is in order; never an open alert.</summary>
    public const string Successful = "Synchronization Successful";

    public const string Failed = "Synchronization Failed";
    public const string Overdue = "Synchronization Overdue";

    public static Task FailedAsync(DbSession session, string accountId, string cause, DateTimeOffset now, CancellationToken cancellationToken) =>
        new Alerts(session).RaiseAsync(AlertSubject.OfAccount(accountId, Failed), AlertSeverity.Major, cause, now, cancellationToken);

    /// <summary>A success answers all of them.</summary>
    public static async Task ClearAsync(DbSession session, string accountId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var kind in new[] { Failed, Overdue })
        {
            await new Alerts(session).ClearAsync(AlertSubject.OfAccount(accountId, kind), now, cancellationToken);
        }

        await SynchronizationNeed.ClearAsync(session, accountId, now, cancellationToken);
    }

    /// <summary>Overdue after 30 days, more so after 90; after 365 the account has to be registered again.</summary>
    public static async Task UpdateOverdueAsync(
        DbSession session, LocalAccountRow account, SynchronizationRow synchronization, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if ((synchronization.LastSuccessAt ?? synchronization.RegisteredAt) is not { } since)
        {
            return;
        }

        if (SynchronizationDeadlines.IsToCome(since, now))
        {
            // How long ago it was nobody knows, so nothing is lost for it.
            await new Alerts(session).RaiseAsync(
                AlertSubject.OfAccount(account.Id, Overdue),
                AlertSeverity.Minor,
                $"'{account.Name}' was last synchronised while the gateway's clock was ahead, at {since.UtcDateTime:yyyy-MM-dd HH:mm} by it; when it is due cannot be said. Run: tgctl sync start --account '{account.Name}'",
                now,
                cancellationToken);
            return;
        }

        if (now - since < SynchronizationDeadlines.DueAfter)
        {
            return;
        }

        var days = (int)(now - since).TotalDays;
        if (now - since >= SynchronizationDeadlines.LostAfter)
        {
            await FailAccountRegistration.ExecuteAsync(
                session, account, $"It was not synchronised for {days} days. Register it again: tgctl account register-again '{account.Name}'", "gateway", now, cancellationToken);
        }

        await new Alerts(session).RaiseAsync(
            AlertSubject.OfAccount(account.Id, Overdue),
            now - since >= SynchronizationDeadlines.LongOverdueAfter ? AlertSeverity.Major : AlertSeverity.Minor,
            $"'{account.Name}' was last synchronised {days} days ago; after {SynchronizationDeadlines.LostAfter.TotalDays:0} days it has to be registered again. Run: tgctl sync start --account '{account.Name}'",
            now,
            cancellationToken);
    }
}
