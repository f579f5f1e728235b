using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Webhooks;

/// <summary>What happened since the last news: alerts that came and went, and synchronisations that ended.</summary>
/// <param name="Accounts">The names of all local accounts, by their identifiers.</param>
internal sealed record News(IReadOnlyList<UntoldAlert> Alerts, IReadOnlyList<RunRow> Runs, IReadOnlyDictionary<string, string> Accounts);

/// <summary>Passes news on to somebody, by writing down what is to be sent.</summary>
internal interface INewsListener
{
    /// <summary>Works in its caller's transaction, in which the news count as told.</summary>
    Task HearAsync(DbSession session, News news, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>Tells everybody who listens what is new.</summary>
/// <remarks>Whatever raises an alert or ends a synchronisation knows nothing of listeners. What was told stands in the rows themselves, so nothing is lost and nothing told twice.</remarks>
internal sealed class TellNews(Database database, IEnumerable<INewsListener> listeners, TimeProvider clock) : IJob
{
    private const int MostAtOnce = 500;

    public string Name => "news";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!await IsAnythingNewAsync(cancellationToken))
        {
            return;
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var news = new News(
            await new Alerts(session).ListUntoldAsync(MostAtOnce, cancellationToken),
            await new SynchronizationRuns(session).ListUntoldAsync(MostAtOnce, cancellationToken),
            (await new LocalAccounts(session).ListAsync(cancellationToken)).ToDictionary(account => account.Id, account => account.Name, StringComparer.Ordinal));
        foreach (var listener in listeners)
        {
            await listener.HearAsync(session, news, now, cancellationToken);
        }

        foreach (var alert in news.Alerts)
        {
            await new Alerts(session).ToldAsync(alert, cancellationToken);
        }

        foreach (var run in news.Runs)
        {
            await new SynchronizationRuns(session).ToldAsync(run, cancellationToken);
        }

        await session.CommitAsync();
    }

    /// <remarks>Asked on a connection that only reads: most of the time there is nothing, and nobody who writes should wait for that.</remarks>
    private async Task<bool> IsAnythingNewAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return (await new Alerts(session).ListUntoldAsync(1, cancellationToken)).Count > 0 || (await new SynchronizationRuns(session).ListUntoldAsync(1, cancellationToken)).Count > 0;
    }
}
