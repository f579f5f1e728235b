namespace TransportGateway.Cluster;

/// <summary>Whether this node is the one that serves. The database tells it: who may write to it is decided by Pacemaker, never here.</summary>
internal sealed class NodeRole : IDisposable
{
    private volatile CancellationTokenSource _activation = new();
    private volatile bool _active;

    public bool IsActive => _active;

    /// <summary>Cancelled when this node becomes active the next time. Take it before looking at <see cref="IsActive"/>.</summary>
    public CancellationToken NextActivation => _activation.Token;

    /// <summary>Waits for this node to become active; false when it has not by then.</summary>
    public async Task<bool> ActivatesWithinAsync(TimeSpan patience, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var activated = CancellationTokenSource.CreateLinkedTokenSource(NextActivation, cancellationToken);
        try
        {
            if (!_active)
            {
                await Task.Delay(patience, clock, activated.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It became active.
        }

        return _active;
    }

    public void BecomeActive()
    {
        // In this order: who takes the token and then finds the role unchanged is woken by that very token.
        _active = true;
        var activation = _activation;
        _activation = new CancellationTokenSource();
        activation.Cancel();
    }

    public void BecomeStandby() => _active = false;

    public void Dispose() => _activation.Dispose();
}
