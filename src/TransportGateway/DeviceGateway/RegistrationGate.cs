using System.Threading.RateLimiting;

namespace TransportGateway.DeviceGateway;

/// <summary>So many registrations at a time, so many more in line; the rest, and who stands in line for long, are told to try again (8.7.13).</summary>
/// <remarks>Each costs two signatures and a write; without a bound a storm would starve the products that only renew.</remarks>
internal sealed class RegistrationGate(RegistrationGateOptions options, TimeProvider clock) : IDisposable
{
    // Well before a product, or the work on its message, gives up.
    public static readonly TimeSpan MostWait = TimeSpan.FromSeconds(15);

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.AtATime,
        QueueLimit = options.InLine,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>How many stand in line.</summary>
    public long Waiting => _limiter.GetStatistics()!.CurrentQueuedCount;

    /// <summary>Null when the line is full, or was too slow.</summary>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellationToken)
    {
        var lease = _limiter.AttemptAcquire();
        if (!lease.IsAcquired)
        {
            lease.Dispose();
            using var patience = new CancellationTokenSource(MostWait, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                lease = await _limiter.AcquireAsync(permitCount: 1, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }
        }

        if (lease.IsAcquired)
        {
            return lease;
        }

        lease.Dispose();
        return null;
    }

    public void Dispose() => _limiter.Dispose();
}

internal sealed record RegistrationGateOptions(int AtATime, int InLine);
