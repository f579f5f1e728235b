using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Notices when an upstream goes away and when it is back, and tells administrators; picks up settings that the other node changed.</summary>
internal sealed class RelayWatch(Database database, RelayRoutes routes, TimeProvider clock) : IJob
{
    public string Name => "relay watch";

    public TimeSpan Interval => TimeSpan.FromSeconds(15);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await routes.RefreshAsync(cancellationToken);
        var upstreams = routes.Upstreams;
        await Task.WhenAll(upstreams.Where(upstream => upstream.Health.Now.State != UpstreamState.Up).Select(upstream => upstream.ProbeAsync(cancellationToken)));

        IReadOnlyList<AlertRow> open;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            open = await new Alerts(reading).ListOpenOfKindAsync(Alerts.UpstreamUnreachable, cancellationToken);
        }

        var now = clock.GetUtcNow();
        foreach (var upstream in upstreams)
        {
            await TellAsync(upstream, open.Any(alert => alert.Source == upstream.Address.AbsoluteUri), now, cancellationToken);
        }

        foreach (var alert in open.Where(alert => upstreams.All(upstream => upstream.Address.AbsoluteUri != alert.Source)))
        {
            await using var session = await database.BeginAsync(cancellationToken);
            await new Alerts(session).ClearAsync(AlertSubject.OfGateway(Alerts.UpstreamUnreachable, alert.Source), now, cancellationToken);
            await session.CommitAsync();
        }
    }

    /// <summary>After the time that is set, and once; the open alert is what remembers that it was told, also over a restart.</summary>
    private async Task TellAsync(RelayUpstream upstream, bool told, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var health = upstream.Health.Now;
        var (raise, clear) = (
            health is { State: UpstreamState.Away, AwaySince: { } since } && now - since >= TimeSpan.FromMinutes(routes.Settings.AlertMinutes),
            health.State == UpstreamState.Up && told);
        if (!raise && !clear)
        {
            return;
        }

        var address = upstream.Address.AbsoluteUri;
        var subject = AlertSubject.OfGateway(Alerts.UpstreamUnreachable, address);
        var message = $"The upstream {address} {health.Cause}. Products that are relayed to it are told to try again.";
        await using var session = await database.BeginAsync(cancellationToken);
        if (raise)
        {
            await new Alerts(session).RaiseAsync(subject, AlertSeverity.Major, message, now, cancellationToken);
        }
        else
        {
            await new Alerts(session).ClearAsync(subject, now, cancellationToken);
        }

        if (raise != told)
        {
            await new EventLog(session).AppendAsync(
                raise ? new LoggedEvent(EventKinds.UpstreamAway, Severity.Error, "gateway", message)
                    : new LoggedEvent(EventKinds.UpstreamBack, Severity.Info, "gateway", $"The upstream {address} answers again."),
                now,
                cancellationToken);
        }

        await session.CommitAsync();
    }
}
