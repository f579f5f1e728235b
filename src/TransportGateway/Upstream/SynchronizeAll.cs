using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Begins online synchronisations: of one account, or of every one that the caller may see, as after a change of the host name.</summary>
internal sealed class SynchronizeAll(StartSynchronization start, SynchronizationRunner runner, Database database)
{
    public async Task<StartSynchronization.Outcome> OneAsync(Caller by, LocalAccountRow account, bool full, CancellationToken cancellationToken)
    {
        var outcome = await start.ExecuteAsync(new StartSynchronization.Request(by.Name, account, RunWay.Online, full), cancellationToken);
        if (outcome is StartSynchronization.Outcome.Started(var run))
        {
            runner.Begin(run);
        }

        return outcome;
    }

    public async Task<IReadOnlyList<(LocalAccountRow Account, StartSynchronization.Outcome Outcome)>> ExecuteAsync(Caller by, bool full, CancellationToken cancellationToken)
    {
        IReadOnlyList<LocalAccountRow> accounts;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            accounts = [.. (await new LocalAccounts(session).ListAsync(cancellationToken)).Where(account => account.SmartAccount is not null && by.MaySee(account.Id))];
        }

        var outcomes = new List<(LocalAccountRow, StartSynchronization.Outcome)>();
        foreach (var account in accounts)
        {
            outcomes.Add((account, await OneAsync(by, account, full, cancellationToken)));
        }

        return outcomes;
    }
}
