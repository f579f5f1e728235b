using System.Data.Common;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>Carries one online synchronisation from wherever it stands to its end.</summary>
/// <remarks>
/// Everything that decides how to go on is in the run's row: each part is kept there before it is sent, so a gateway that was
/// killed, or the other node after a failover, sends the same bytes again. What both sides do can be repeated: Software Central
/// counts only the greater revision of an instance, and an answer is taken over once.
/// </remarks>
internal sealed partial class SynchronizeAccount(
    Database database,
    MasterKey masterKey,
    RequestComposer composer,
    ApplyResponse apply,
    ExchangeFolder folder,
    CentralTiming timing,
    TimeProvider clock,
    ILogger<SynchronizeAccount> logger)
{
    /// <summary>How a run ended.</summary>
    public enum Outcome
    {
        Succeeded,
        Failed,

        /// <summary>Software Central no longer has what this run sent: the account has to begin anew.</summary>
        BeginAnew,

        /// <summary>Another node, or a newer run, carries on.</summary>
        TakenOver,
    }

    public async Task<Outcome> ExecuteAsync(string runId, CancellationToken cancellationToken)
    {
        var run = await FindAsync(runId, cancellationToken);
        if (run is not { IsOpen: true })
        {
            return Outcome.TakenOver;
        }

        try
        {
            CentralSettings settings;
            await using (var reading = await database.ReadAsync(cancellationToken))
            {
                settings = await CentralSettings.LoadAsync(reading, masterKey, cancellationToken);
            }

            if (!settings.IsOnline)
            {
                throw new CentralUnavailableException("This gateway does not know where Software Central is. Set it with: tgctl central set");
            }

            using var central = new CentralClient(settings, timing);
            return await CarryOnAsync(central, run, cancellationToken);
        }
        catch (Exception exception) when (exception is CentralUnavailableException)
        {
            await FailAsync(run, exception.Message, resumable: true, cancellationToken);
            return Outcome.Failed;
        }
        catch (Exception exception) when (exception is CentralRefusedException or ExchangeRefusedException)
        {
            await FailAsync(run, exception is ExchangeRefusedException ? $"The answer of Software Central was refused: {exception.Message}." : exception.Message, resumable: false, cancellationToken);
            return Outcome.Failed;
        }
        catch (DbException exception) when (exception is DatabaseMovingException || database.Dialect.IsTransient(exception) || database.Dialect.IsOvertaken(exception))
        {
            // The row stays open, and the job goes on with it when the database is back.
            Log.DatabaseAway(logger, exception, run.Id);
            return Outcome.TakenOver;
        }
        catch (DbException exception)
        {
            await FailAsync(run, $"The database of this gateway refused what was to be written: {exception.Message}", resumable: false, cancellationToken);
            return Outcome.Failed;
        }
    }

    private async Task<Outcome> CarryOnAsync(CentralClient central, RunRow run, CancellationToken cancellationToken)
    {
        try
        {
            while (!run.RequestComplete || run.State == RunState.Sending)
            {
                if (!await SendNextAsync(central, run, cancellationToken) || await FindAsync(run.Id, cancellationToken) is not { IsOpen: true } next)
                {
                    return Outcome.TakenOver;
                }

                run = next;
            }
        }
        catch (CentralRefusedException refusal) when (refusal.Code is "expected-part" or "stale-sequence")
        {
            await AbandonAsync(run, refusal, cancellationToken);
            return Outcome.BeginAnew;
        }

        if (await AwaitAsync(central, run, cancellationToken) is not { } parts)
        {
            await AbandonAsync(run, null, cancellationToken);
            return Outcome.BeginAnew;
        }

        var file = folder.NewPath(run.Id);
        try
        {
            await DownloadAsync(central, run, parts, file, cancellationToken);
            return await apply.ExecuteAsync(run, () => File.OpenRead(file), run.StartedBy, cancellationToken) ? Outcome.Succeeded : Outcome.TakenOver;
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Sends the part that is under way, or writes the next one and sends that; false when another carries this run on.</summary>
    private async Task<bool> SendNextAsync(CentralClient central, RunRow run, CancellationToken cancellationToken)
    {
        byte[]? part;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            part = await new SynchronizationRuns(reading).ReadPartUnderWayAsync(run, cancellationToken);
        }

        var number = run.Parts - 1;
        if (part is null)
        {
            part = await composer.NextAsync(run, keepBytes: true, cancellationToken);
            number = run.Parts;
            if (part is null)
            {
                return false;
            }
        }

        await central.PutPartAsync(run.AccountId, run.Id, number, part, cancellationToken);
        await using var session = await database.BeginAsync(cancellationToken);
        await new SynchronizationRuns(session).PartArrivedAsync(run.Id, number + 1, cancellationToken);
        await session.CommitAsync();
        return true;
    }

    /// <summary>How many parts the answer has; null when Software Central has forgotten the run.</summary>
    private async Task<long?> AwaitAsync(CentralClient central, RunRow run, CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)timing.Answer.TotalMilliseconds;
        for (var wait = timing.FirstPoll; ; wait = wait * 2 < timing.MostPoll ? wait * 2 : timing.MostPoll)
        {
            switch (await central.FindRunAsync(run.AccountId, run.Id, cancellationToken))
            {
                case null or { Status: "RECEIVING" }:
                    return null;
                case { Status: "COMPLETE", ResponseParts: > 0 and <= ExchangeFormat.MostParts and var parts }:
                    return parts;
                case { Status: "FAILED" } failed:
                    throw new CentralRefusedException("failed", $"Software Central refused the synchronisation: {failed.Message}", null, null);
                case { Status: "OK_POLL" } when Environment.TickCount64 < until:
                    await Task.Delay(wait, cancellationToken);
                    break;
                case { Status: "OK_POLL" }:
                    throw new CentralUnavailableException($"Software Central did not finish its answer within {timing.Answer.TotalMinutes:0} minutes.");
                case var other:
                    throw new CentralUnavailableException($"Software Central answered with a state that this gateway does not know: {other.Status}.");
            }
        }
    }

    private static async Task DownloadAsync(CentralClient central, RunRow run, long parts, string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        for (var part = 0; part < parts; part++)
        {
            await file.WriteAsync(await central.GetResponsePartAsync(run.AccountId, run.Id, part, cancellationToken), cancellationToken);
        }
    }

    private async Task<RunRow?> FindAsync(string runId, CancellationToken cancellationToken)
    {
        await using var reading = await database.ReadAsync(cancellationToken);
        return await new SynchronizationRuns(reading).FindAsync(runId, cancellationToken);
    }

    private async Task AbandonAsync(RunRow run, CentralRefusedException? refusal, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (await new SynchronizationRuns(session).AbandonAsync(run.Id, "Software Central did not have what this run had sent; it began anew.", clock.GetUtcNow(), cancellationToken))
        {
            if (refusal?.LastSequence is { } sequence)
            {
                await new Synchronizations(session).FallenBehindAsync(run.AccountId, sequence, cancellationToken);
            }

            await session.CommitAsync();
        }
    }

    private async Task FailAsync(RunRow run, string cause, bool resumable, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new SynchronizationRuns(session).FailAsync(run.Id, cause, resumable, now, cancellationToken))
        {
            return;
        }

        var account = await new LocalAccounts(session).FindAsync(run.AccountId, cancellationToken);
        await SynchronizationAlerts.FailedAsync(session, run.AccountId, cause, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SynchronizationFailed, Severity.Warning, run.StartedBy, $"The synchronisation of '{account?.Name}' failed: {cause}", run.AccountId), now, cancellationToken);
        await session.CommitAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Synchronisation {Run} waits: the database is away")]
        public static partial void DatabaseAway(ILogger logger, Exception exception, string run);
    }
}

/// <summary>Where documents of the exchange lie while they are worked on; emptied at start. Names are this gateway's own run identifiers.</summary>
internal sealed class ExchangeFolder
{
    private readonly string _path;

    public ExchangeFolder(string dataDirectory)
    {
        _path = Path.Combine(dataDirectory, "exchange");
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }

        Directory.CreateDirectory(_path);
    }

    /// <summary>A file of its own for each attempt: two that carry on one run, or load one answer, at once must not write over, or delete, what the other one verified.</summary>
    public string NewPath(string runId) => Path.Combine(_path, $"{runId}-{Guid.NewGuid():N}");
}
