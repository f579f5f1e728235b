using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace TransportGateway.Cluster;

/// <summary>Lets what is under way finish before the role moves, and holds what comes after it.</summary>
/// <remarks>Connections that products begin while the role moves are held by the network (see deploy/ocf/gateway); this is about those that are there already.</remarks>
internal sealed class Drain(TimeProvider clock)
{
    /// <summary>Longer than a role takes to move; after it a held request is answered by what this node is by then.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<ConnectionContext, byte> _connections = new();
    private readonly Lock _gate = new();
    private int _underWay;
    private bool _draining;
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _held;

    public bool IsDraining
    {
        get
        {
            lock (_gate)
            {
                return _draining;
            }
        }
    }

    /// <summary>Goes on with a connection, and remembers it for as long as it lasts.</summary>
    public async Task WatchAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        _connections.TryAdd(connection, 0);
        try
        {
            await next(connection);
        }
        finally
        {
            _connections.TryRemove(connection, out _);
        }
    }

    /// <summary>Returns when every request under way has been answered; from then on requests are held. Each answer on the way closes its connection.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        Task drained;
        lock (_gate)
        {
            _draining = true;
            _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_underWay == 0)
            {
                _drained.TrySetResult();
            }

            drained = _drained.Task;
        }

        foreach (var connection in _connections.Keys)
        {
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }

        await drained.WaitAsync(cancellationToken);
    }

    /// <summary>Serves again, also what was held.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _draining = false;
            _drained = null;
            _held?.TrySetResult();
            _held = null;
        }
    }

    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        Task held;
        lock (_gate)
        {
            if (!_draining || _drained is not { Task.IsCompleted: true })
            {
                _underWay++;
                return;
            }

            held = _held!.Task;
        }

        try
        {
            await held.WaitAsync(LongestHold, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It gets the answer of a standby, or of a database that is away.
        }

        lock (_gate)
        {
            _underWay++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _underWay--;
            if (_draining && _underWay == 0)
            {
                _drained?.TrySetResult();
            }
        }
    }
}

/// <summary>Counts requests for <see cref="Drain"/>; what a standby serves, too, is not held. Runs after routing.</summary>
internal sealed class DrainGate(RequestDelegate next, Drain drain)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<ServedByStandby>() is not null)
        {
            await next(context);
            return;
        }

        await drain.EnterAsync(context.RequestAborted);
        try
        {
            await next(context);
        }
        finally
        {
            drain.Leave();
        }
    }
}
