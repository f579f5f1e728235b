using System.Collections.Concurrent;
using TransportGateway.Accounts;
using TransportGateway.Cluster;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Runs synchronisations in the background, a few at a time. Those that are cut short by a stop go on after the next start.</summary>
internal sealed partial class SynchronizationRunner(
    Database database, NodeRole role, SynchronizeAccount synchronize, StartSynchronization start, ILogger<SynchronizationRunner> logger) : IHostedService, IDisposable
{
    private const int MostAtATime = 4;
    private const int MostBeginnings = 3;

    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(MostAtATime);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Takes the run on, unless it is under way here already.</summary>
    public void Begin(RunRow run)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_running.TryAdd(run.Id, started.Task))
        {
            _ = CarryAsync(run, started);
        }
    }

    /// <summary>Goes on at once with what the last stop, or a kill, cut short.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!role.IsActive)
        {
            return;
        }

        await using var reading = await database.ReadAsync(cancellationToken);
        foreach (var run in await new SynchronizationRuns(reading).ListOpenOnlineAsync(cancellationToken))
        {
            Begin(run);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _places.Dispose();
        _stopping.Dispose();
    }

    private async Task CarryAsync(RunRow run, TaskCompletionSource ended)
    {
        var id = run.Id;
        try
        {
            await _places.WaitAsync(_stopping.Token);
            try
            {
                await CarryToEndAsync(run);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The row stays open; whoever is active next goes on with it.
        }
        catch (Exception exception)
        {
            Log.Failed(logger, exception, id);
        }
        finally
        {
            _running.TryRemove(id, out _);
            ended.SetResult();
        }
    }

    private async Task CarryToEndAsync(RunRow run)
    {
        for (var beginning = 1; ; beginning++)
        {
            if (await synchronize.ExecuteAsync(run.Id, _stopping.Token) != SynchronizeAccount.Outcome.BeginAnew || beginning == MostBeginnings)
            {
                return;
            }

            LocalAccountRow? account;
            await using (var reading = await database.ReadAsync(_stopping.Token))
            {
                account = await new LocalAccounts(reading).FindAsync(run.AccountId, _stopping.Token);
            }

            if (account is null
                || await start.ExecuteAsync(new StartSynchronization.Request(run.StartedBy, account, RunWay.Online, run.Mode == RunMode.Full), _stopping.Token)
                    is not StartSynchronization.Outcome.Started anew)
            {
                return;
            }

            run = anew.Run;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Synchronisation {Run} stopped; it goes on within a minute")]
        public static partial void Failed(ILogger logger, Exception exception, string run);
    }
}
