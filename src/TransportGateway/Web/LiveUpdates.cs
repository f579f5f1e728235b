using TransportGateway.Access;
using TransportGateway.Cluster;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Web;

/// <summary>Tells open pages that something changed, so that they fetch anew what they show (server-sent events).</summary>
/// <remarks>It says that, not what: what a person may see is decided by the page that is fetched.</remarks>
internal sealed class LiveUpdates(Database database, ClusterSnapshot cluster, NodeRole role, Drain drain, IHostApplicationLifetime lifetime, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _looking = new(1, 1);
    private DateTimeOffset _lookedAt = DateTimeOffset.MinValue;
    private string _newest = "";

    public static async Task StreamAsync(HttpContext context, LiveUpdates updates)
    {
        if (SignedIn.Of(context) is null)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        PageHeaders.Set(context.Response);
        context.Response.ContentType = "text/event-stream";
        await updates.WriteAsync(context.Response, context.RequestAborted);
    }

    public void Dispose() => _looking.Dispose();

    /// <remarks>Ends by itself, so that a session that ended is noticed, and at once when this node hands over: the browser comes back, then to the other node.</remarks>
    private async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var until = clock.GetUtcNow() + Longest;
        var told = await NewestAsync(ending.Token);
        await response.WriteAsync("retry: 2000\nevent: changed\ndata: 0\n\n", ending.Token);
        await response.Body.FlushAsync(ending.Token);
        try
        {
            while (clock.GetUtcNow() < until && role.IsActive && !drain.IsDraining)
            {
                await Task.Delay(Interval, clock, ending.Token);
                var newest = await NewestAsync(ending.Token);
                await response.WriteAsync(newest == told ? ": still here\n\n" : "event: changed\ndata: 0\n\n", ending.Token);
                await response.Body.FlushAsync(ending.Token);
                told = newest;
            }
        }
        catch (OperationCanceledException)
        {
            // The browser left, or the gateway stops.
        }
        catch (System.Data.Common.DbException)
        {
            // The database moves; the browser asks again in two seconds.
        }
    }

    /// <summary>What stands for the newest event, and for how far synchronisations and a switchover got; looked up once for all open pages.</summary>
    private async Task<string> NewestAsync(CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            var now = clock.GetUtcNow();
            if (now - _lookedAt >= Interval / 2)
            {
                await using var session = await database.ReadAsync(cancellationToken);
                _newest = await new Events.EventLog(session).NewestIdAsync(cancellationToken) + " " + await new SynchronizationRuns(session).ProgressAsync(cancellationToken)
                    + (cluster.Plan is null ? "" : $" {cluster.Report()?.Sentence} {cluster.Switchover()}");
                _lookedAt = now;
            }

            return _newest;
        }
        finally
        {
            _looking.Release();
        }
    }
}
