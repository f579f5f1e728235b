using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>Synchronisation by files, for sites with no way out: a request file is carried to Software Central, its response file back.</summary>
internal sealed class FileExchange(
    Database database, StartSynchronization start, RequestComposer composer, ApplyResponse apply, ExchangeFolder folder, TimeProvider clock)
{
    public abstract record SaveOutcome
    {
        /// <param name="Content">The file; gone when it is closed.</param>
        public sealed record Saved(RunRow Run, Stream Content) : SaveOutcome;

        public sealed record NotPossible(Sentence Reason) : SaveOutcome;

        private SaveOutcome() { }
    }

    /// <summary>Writes a new request file. An earlier one whose response has not come back is abandoned.</summary>
    public async Task<SaveOutcome> SaveRequestAsync(Caller by, LocalAccountRow account, bool full, CancellationToken cancellationToken)
    {
        switch (await start.ExecuteAsync(new StartSynchronization.Request(by.Name, account, RunWay.File, full), cancellationToken))
        {
            case StartSynchronization.Outcome.NotPossible(var reason):
                return new SaveOutcome.NotPossible(reason);
            case StartSynchronization.Outcome.AlreadyUnderWay(var open):
                return new SaveOutcome.NotPossible(
                    new Sentence("An online synchronisation of '{0}' is under way, started by {1}. Wait for its end: tgctl sync status", account.Name, open.StartedBy));
            case StartSynchronization.Outcome.Started(var run):
                return await WriteAsync(run, by, account, cancellationToken);
            case var other:
                throw new InvalidOperationException(other.GetType().Name);
        }
    }

    /// <summary>Null when the response was taken over, else the sentence that says why nothing was changed.</summary>
    public async Task<string?> LoadResponseAsync(Caller by, LocalAccountRow account, Stream content, CancellationToken cancellationToken)
    {
        RunRow? run;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            run = await new SynchronizationRuns(reading).FindOpenAsync(account.Id, cancellationToken);
        }

        if (run is not { Way: RunWay.File, State: RunState.AwaitingResponse })
        {
            return await RefuseAsync(
                by, account, $"Local account '{account.Name}' awaits no response file: it was loaded before, or no request file was saved since the last synchronisation.", cancellationToken);
        }

        var path = folder.NewPath(run.Id);
        try
        {
            await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
            {
                await content.CopyToAsync(file, cancellationToken);
            }

            return await apply.ExecuteAsync(run, () => File.OpenRead(path), by.Name, cancellationToken)
                ? null
                : await RefuseAsync(by, account, "The response file was loaded already.", cancellationToken);
        }
        catch (ExchangeRefusedException exception)
        {
            return await RefuseAsync(by, account, $"The response file was refused: {exception.Message}.", cancellationToken);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task<SaveOutcome> WriteAsync(RunRow run, Caller by, LocalAccountRow account, CancellationToken cancellationToken)
    {
        var path = folder.NewPath(run.Id);
        var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        try
        {
            while (!run.RequestComplete)
            {
                var part = await composer.NextAsync(run, keepBytes: false, cancellationToken);
                await using var reading = await database.ReadAsync(cancellationToken);
                if (part is null || await new SynchronizationRuns(reading).FindAsync(run.Id, cancellationToken) is not { IsOpen: true } next)
                {
                    await file.DisposeAsync();
                    return new SaveOutcome.NotPossible(new Sentence("Another synchronisation of this account began meanwhile. Try again."));
                }

                await file.WriteAsync(part, cancellationToken);
                run = next;
            }

            await using (var session = await database.BeginAsync(cancellationToken))
            {
                await new EventLog(session).AppendAsync(
                    new LoggedEvent(
                        EventKinds.SynchronizationFileSaved,
                        Severity.Info,
                        by.Name,
                        $"A {run.Mode} request file of '{account.Name}' was saved: {run.InstancesSent} product instances, {run.BytesSent} bytes.",
                        account.Id),
                    clock.GetUtcNow(),
                    cancellationToken);
                await session.CommitAsync();
            }

            file.Position = 0;
            return new SaveOutcome.Saved(run, file);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private async Task<string> RefuseAsync(Caller by, LocalAccountRow account, string reason, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SynchronizationFileRefused, Severity.Warning, by.Name, $"A response file for '{account.Name}' was not taken over. {reason}", account.Id),
            clock.GetUtcNow(),
            cancellationToken);
        await session.CommitAsync();
        return reason;
    }
}
