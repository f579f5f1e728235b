using TransportGateway.Cluster;

namespace TransportGateway.Jobs;

/// <summary>Work that is done again and again, on the active node.</summary>
internal interface IJob
{
    string Name { get; }

    TimeSpan Interval { get; }

    /// <summary>Does the work once; what it throws is logged and the next run comes as planned.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>The only loop: on the active node runs every job at its interval, each beside the others, none ever ending the host.</summary>
/// <remarks>A node that takes over runs each of them at once: what the other one left unfinished goes on.</remarks>
internal sealed partial class JobRunner(IEnumerable<IJob> jobs, NodeRole role, TimeProvider clock, ILogger<JobRunner> logger) : BackgroundService
{
    // A takeover that comes before the loop does counts, too.
    private readonly CancellationToken _first = role.NextActivation;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(jobs.Select(job => RepeatAsync(job, stoppingToken)));

    private async Task RepeatAsync(IJob job, CancellationToken stoppingToken)
    {
        try
        {
            // Not a periodic timer: a clock that jumps ahead is one run, not one for every interval that it jumped over.
            var activation = _first;
            while (true)
            {
                await WaitAsync(job.Interval, activation, stoppingToken);
                activation = role.NextActivation;
                if (role.IsActive)
                {
                    await RunOnceAsync(job, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task WaitAsync(TimeSpan interval, CancellationToken activation, CancellationToken stoppingToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, activation);
        await Task.Delay(interval, clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stoppingToken.ThrowIfCancellationRequested();
    }

    private async Task RunOnceAsync(IJob job, CancellationToken stoppingToken)
    {
        try
        {
            await job.RunAsync(stoppingToken);
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            Log.Failed(logger, exception, job.Name);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The job {Job} failed; it runs again at its next time")]
        public static partial void Failed(ILogger logger, Exception exception, string job);
    }
}
