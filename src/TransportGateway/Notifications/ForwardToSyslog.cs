using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>Forwards the event log to the syslog server. What is not taken waits in the log, and an alert tells of a server that is away for long.</summary>
internal sealed class ForwardToSyslog(Database database, TimeProvider clock) : IJob
{
    /// <summary>How it is called among those who follow the event log.</summary>
    public const string Follower = "syslog";

    private const int MostAtOnce = 200;
    private const int MostBatches = 20;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);
    private readonly EventFollower _events = new(Follower);
    private (SyslogSettings Settings, DateTimeOffset RetryAt)? _failed;

    /// <summary>Until then nobody is troubled: servers are restarted.</summary>
    public static TimeSpan AlertAfter { get; } = TimeSpan.FromMinutes(5);

    public string Name => "syslog";

    public TimeSpan Interval => TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var batches = 0; batches < MostBatches; batches++)
        {
            if (!await ForwardAsync(cancellationToken))
            {
                return;
            }
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> ForwardAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        SyslogSettings settings;
        EventFollower.Batch batch;
        Dictionary<string, string> accounts;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await SyslogSettings.LoadAsync(session, cancellationToken);
            // Settings that were changed since are tried at once.
            if (settings.Server is null || (_failed is { } failed && failed.Settings == settings && now < failed.RetryAt))
            {
                return false;
            }

            batch = await _events.NextAsync(session, MostAtOnce, now, cancellationToken);
            if (batch.Entries.Count == 0)
            {
                return false;
            }

            accounts = (await new LocalAccounts(session).ListAsync(cancellationToken)).ToDictionary(account => account.Id, account => account.Name, StringComparer.Ordinal);
        }

        var messages = batch.Entries.Where(settings.Wants).Select(entry => SyslogMessage.Write(
            entry,
            settings.Facility,
            Environment.MachineName,
            entry.AccountId is { } id ? accounts.GetValueOrDefault(id, id) : null,
            SyslogSender.MostBytes(settings.Transport))).ToArray();
        try
        {
            if (messages.Length > 0)
            {
                await SyslogSender.SendAsync(settings, messages, cancellationToken);
            }
        }
        catch (SyslogUnreachableException exception)
        {
            _failed = (settings, now + RetryAfter);
            await FailedAsync(exception.Message, now, cancellationToken);
            return false;
        }

        _failed = null;
        await SentAsync(batch, messages.Length > 0, now, cancellationToken);
        return true;
    }

    private async Task SentAsync(EventFollower.Batch batch, bool anything, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var followers = new EventFollowers(session);
        if (!anything)
        {
            await followers.SkippedAsync(Follower, batch.DoneBefore, cancellationToken);
        }
        else
        {
            await followers.DoneAsync(Follower, batch.DoneBefore, now, cancellationToken);
            if (await new Alerts(session).ClearAsync(Alert, now, cancellationToken) > 0)
            {
                await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.SyslogBack, Severity.Info, "gateway", "The syslog server takes messages again."), now, cancellationToken);
            }
        }

        await session.CommitAsync();
        _events.Done(batch);
    }

    private async Task FailedAsync(string problem, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var followers = new EventFollowers(session);
        await followers.StuckAsync(Follower, problem, now, cancellationToken);
        if (await followers.FindAsync(Follower, cancellationToken) is { StuckSince: { } since } && now - since >= AlertAfter)
        {
            var told = (await new Alerts(session).ListOpenOfKindAsync(Alerts.SyslogUnreachable, cancellationToken)).Count > 0;
            await new Alerts(session).RaiseAsync(Alert, AlertSeverity.Major, $"{problem} The entries of the event log wait here.", now, cancellationToken);
            if (!told)
            {
                await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.SyslogAway, Severity.Error, "gateway", problem), now, cancellationToken);
            }
        }

        await session.CommitAsync();
    }

    /// <summary>What is open while the server is away for long.</summary>
    public static AlertSubject Alert => AlertSubject.OfGateway(Alerts.SyslogUnreachable);
}
