using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>Says where the event log is forwarded to, and tries it.</summary>
internal sealed class ChangeSyslog(Database database, TimeProvider clock)
{
    /// <summary>What is null stays as it is; an empty server forwards nothing any more.</summary>
    public sealed record Request(
        Caller By,
        string? Server = null,
        int? Port = null,
        string? Transport = null,
        string? TlsAnchors = null,
        string? LeastSeverity = null,
        string? Facility = null,
        IReadOnlyList<string>? LeaveOut = null);

    /// <returns>The settings, and what is wrong with them, each a sentence; nothing changed when there is something.</returns>
    public async Task<(SyslogSettings Settings, IReadOnlyList<string> Problems)> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var before = await SyslogSettings.LoadAsync(session, cancellationToken);
        var after = before with
        {
            Server = request.Server is null ? before.Server : request.Server.Length == 0 ? null : request.Server,
            Port = request.Port ?? before.Port,
            Transport = request.Transport ?? before.Transport,
            TlsAnchors = request.TlsAnchors ?? before.TlsAnchors,
            LeastSeverity = request.LeastSeverity ?? before.LeastSeverity,
            Facility = request.Facility ?? before.Facility,
            LeftOut = request.LeaveOut is null ? before.LeftOut : string.Join(' ', request.LeaveOut),
        };
        if (after.Problems() is { Count: > 0 } problems)
        {
            return (after, problems);
        }

        var now = clock.GetUtcNow();
        await after.SaveAsync(session, request.By.Name, now, cancellationToken);
        if (after.Server is null)
        {
            await new EventFollowers(session).EndAsync(ForwardToSyslog.Follower, cancellationToken);
            await new Alerts(session).ClearAsync(ForwardToSyslog.Alert, now, cancellationToken);
        }
        else
        {
            await new EventFollowers(session).BeginAsync(ForwardToSyslog.Follower, now, cancellationToken);
        }

        var where = after.Server is null ? "nowhere" : $"to {after.Server}:{after.PortInUse} over {after.Transport.ToUpperInvariant()}, from severity {after.LeastSeverity} on";
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SyslogChanged, Severity.Info, request.By.Name, $"The event log is forwarded {where}."), now, cancellationToken);
        await session.CommitAsync();
        return (after, []);
    }

    /// <summary>Sends a message that says nothing but that it is a test; false when no server is set.</summary>
    /// <exception cref="SyslogUnreachableException">It did not get there.</exception>
    public async Task<bool> TestAsync(Caller by, CancellationToken cancellationToken)
    {
        SyslogSettings settings;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await SyslogSettings.LoadAsync(session, cancellationToken);
        }

        if (settings.Server is null)
        {
            return false;
        }

        var now = clock.GetUtcNow();
        var test = new EventRow { Id = Ids.New(now), OccurredAt = now, Kind = "syslog-test", Severity = Severity.Info, Actor = by.Name, Message = "This is a test of the transport gateway." };
        await SyslogSender.SendAsync(
            settings, [SyslogMessage.Write(test, settings.Facility, Environment.MachineName, null, SyslogSender.MostBytes(settings.Transport))], cancellationToken);
        return true;
    }
}
