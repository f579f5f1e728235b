using System.Threading.RateLimiting;

namespace TransportGateway.DeviceGateway;

/// <summary>So many registrations at a time, so many more in line; the rest are told to try again (8.7.13).</summary>
/// <remarks>Each costs two signatures and a write; without a bound a storm would starve the products that only renew.</remarks>
internal sealed class RegistrationGate(RegistrationGateOptions options) : IDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.AtATime,
        QueueLimit = options.InLine,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Null when the line is full.</summary>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellationToken)
    {
        var lease = await _limiter.AcquireAsync(permitCount: 1, cancellationToken);
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
