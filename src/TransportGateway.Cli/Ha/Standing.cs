using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>Where this node stands towards the other one: whether its database may replace that one's.</summary>
internal static class Standing
{
    /// <summary>In no cluster.</summary>
    public const string StandAlone = "stand-alone";

    /// <summary>Its database is the cluster's primary.</summary>
    public const string Active = "active";

    /// <summary>It has everything that the primary acknowledged.</summary>
    public const string Standby = "standby";

    /// <summary>No database is primary, and this one was the last that acknowledged anything.</summary>
    public const string Last = "last";

    /// <summary>It may lack what the other one acknowledged.</summary>
    public const string Behind = "behind";

    public static async Task<string> OfThisNodeAsync(CancellationToken cancellationToken) => Plans.OfThisMachine() is { } plan
        ? Of(await ClusterState.ReadAsync(cancellationToken), plan, LocalDatabase.WasLast)
        : StandAlone;

    /// <param name="report">Null while the cluster does not run on this node.</param>
    /// <param name="wasLast">What this node remembers of itself.</param>
    public static string Of(ClusterReport? report, ClusterPlan plan, bool wasLast) => report?.Members.Single(member => member.Node.Name == plan.ThisNode) switch
    {
        { IsPrimary: true } => Active,
        { MayBePromoted: true } => Standby,
        // A primary that this node does not follow has another history.
        not null when report.Members.Any(member => member.IsPrimary) => Behind,
        _ => wasLast ? Last : Behind,
    };
}
