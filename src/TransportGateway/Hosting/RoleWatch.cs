using System.Data.Common;
using TransportGateway.Authority;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Hosting;

/// <summary>Follows the role of the database on this node: gets everything ready and takes over when it may be written to, steps back when it may not.</summary>
internal sealed partial class RoleWatch(
    Database database,
    DataDirectory directory,
    CertificateAuthority authority,
    KeepHostCertificate hostCertificate,
    HostCertificate served,
    RelayRoutes relay,
    NodeRole role,
    Drain drain,
    ClusterSnapshot cluster,
    TimeProvider clock,
    ILogger<RoleWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a database of a node that stays active is ever away.</summary>
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(10);

    /// <summary>At the start. A process that ended at once for want of its database would be started several times a second, and keep a core busy until it is back.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan WaitBetween = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _oneLook = new(1, 1);

    /// <summary>The role at the start of the process, before anything is served.</summary>
    /// <exception cref="DatabaseUnusableException">The database cannot be reached, or its schema not be brought up to date.</exception>
    /// <exception cref="DatabaseMovedException">It was moved to another one.</exception>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (await WaitForRoleAsync(cancellationToken))
        {
            await PrepareAsync(cancellationToken);
            await TellOfChangeAsync(cancellationToken);
            role.BecomeActive();
        }
        else
        {
            Log.Standby(logger);
            await TryReadAsync(cancellationToken);
        }
    }

    /// <returns>Whether the database may be written to.</returns>
    private async Task<bool> WaitForRoleAsync(CancellationToken cancellationToken)
    {
        for (var since = clock.GetTimestamp(); ;)
        {
            try
            {
                return await database.IsWritableAsync(cancellationToken);
            }
            catch (DatabaseUnusableException exception)
                when (exception.InnerException is DbException lost && database.Dialect.IsTransient(lost) && clock.GetElapsedTime(since) < LongestWait)
            {
                await Task.Delay(WaitBetween, clock, cancellationToken);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var answered = clock.GetTimestamp();
        while (database.CanBeStandby)
        {
            try
            {
                await Task.Delay(Interval, clock, stoppingToken);
                await LookAsync(stoppingToken);
                answered = clock.GetTimestamp();
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is DbException or DatabaseUnusableException or OperationCanceledException)
            {
                // While roles move the database is away; it is asked again in a second.
                Log.NotAnswered(logger, exception.Message);
                StepBackWithout(clock.GetElapsedTime(answered));
            }
        }
    }

    /// <summary>Looks at the role of the database now, and does what follows from it.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        if (!database.CanBeStandby)
        {
            return;
        }

        await _oneLook.WaitAsync(cancellationToken);
        try
        {
            await FollowAsync(cancellationToken);
        }
        finally
        {
            _oneLook.Release();
        }
    }

    /// <summary>On a node of a cluster a database that went after the role was handed over, or that stays away, is not the one that serves.</summary>
    private void StepBackWithout(TimeSpan away)
    {
        if (role.IsActive && cluster.Plan is not null && (drain.IsDraining || away > LongestAway))
        {
            StepBack();
        }
    }

    private void StepBack()
    {
        role.BecomeStandby();
        // What was held for the handing over gets the answer of a standby now, and not after its longest wait.
        drain.Resume();
        Log.Standby(logger);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var writable = await database.IsWritableAsync(cancellationToken);
        if (writable && !role.IsActive)
        {
            await PrepareAsync(cancellationToken);
            await EnterAsync(cancellationToken);
            role.BecomeActive();
            Log.Active(logger);
        }
        else if (!writable && role.IsActive)
        {
            StepBack();
        }
        else if (!writable)
        {
            await TryReadAsync(cancellationToken);
        }
    }

    /// <summary>The role may have come while the process was down, as when a machine boots.</summary>
    private async Task TellOfChangeAsync(CancellationToken cancellationToken)
    {
        if (cluster.Plan is not { } plan)
        {
            return;
        }

        IReadOnlyList<EventRow> last;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            last = await new EventLog(session).ListAsync(EventFilter.OfKind(EventKinds.NodeActive), 1, cancellationToken);
        }

        if (last is not [var change] || !change.Message.StartsWith(plan.ThisNode + " ", StringComparison.Ordinal))
        {
            await EnterAsync(cancellationToken);
        }
    }

    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.NodeActive, Severity.Info, "gateway", TookOver()), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
    }

    private string TookOver() => cluster.Report() is { } report ? $"{report.Plan.ThisNode} became active: {report.WhyAway(report.Plan.Peer.Name)}."
        : cluster.Plan is { } plan ? $"{plan.ThisNode} became active."
        : $"The gateway on {Environment.MachineName} took over.";

    public override void Dispose()
    {
        _oneLook.Dispose();
        base.Dispose();
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (await database.FindMoveAsync(cancellationToken) is { } moved)
        {
            throw new DatabaseMovedException(moved);
        }

        await database.MigrateAsync(cancellationToken);
        await authority.EnsureAsync(cancellationToken);
        await hostCertificate.StartAsync(cancellationToken);
        await relay.RefreshAsync(cancellationToken);
        await WriteTrustAnchorAsync(cancellationToken);
    }

    /// <summary>A standby serves the certificate that the active node does, as soon as it is replicated.</summary>
    private async Task TryReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!authority.IsLoaded && await authority.LoadAsync(cancellationToken))
            {
                await WriteTrustAnchorAsync(cancellationToken);
            }

            await served.RefreshAsync(cancellationToken);
        }
        catch (DbException exception)
        {
            // The schema may not be there yet.
            Log.NotAnswered(logger, exception.Message);
        }
    }

    /// <remarks>It is for people to fetch. A disk that is full must not keep the one node that could serve from it.</remarks>
    private async Task WriteTrustAnchorAsync(CancellationToken cancellationToken)
    {
        var text = authority.Root.ExportCertificatePem() + "\n";
        try
        {
            if (!File.Exists(directory.TrustAnchor) || await File.ReadAllTextAsync(directory.TrustAnchor, cancellationToken) != text)
            {
                await File.WriteAllTextAsync(directory.TrustAnchor + ".new", text, cancellationToken);
                File.Move(directory.TrustAnchor + ".new", directory.TrustAnchor, overwrite: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.TrustAnchorNotWritten(logger, directory.TrustAnchor, exception.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "This node is active now")]
        public static partial void Active(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "This node is on standby: its database is a copy that follows the other node's")]
        public static partial void Standby(ILogger logger);

        [LoggerMessage(LogLevel.Information, "The database does not say which role this node has ({Reason}); it is asked again")]
        public static partial void NotAnswered(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Warning, "{File} cannot be written: {Reason}")]
        public static partial void TrustAnchorNotWritten(ILogger logger, string file, string reason);
    }
}
