using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Keeps the licences of virtual accounts in step with product instances that come, move and go.</summary>
internal static class InstanceUsage
{
    private static readonly Dictionary<string, long> Nothing = [];

    /// <summary>Frees what an instance uses whose registration ends.</summary>
    public static async Task ReleaseAsync(DbSession session, InstanceRow instance, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var pools = new LicensePools(session);
        var usage = await pools.UsageOfAsync(instance.Id, cancellationToken);
        await pools.ReplaceUsageAsync(instance.VirtualAccountId, instance.Id, usage, Nothing, cancellationToken);
        await Compliance.RefreshAlertsAsync(session, instance.AccountId, instance.VirtualAccountId, now, cancellationToken);
        await pools.DeleteEmptyAsync(instance.VirtualAccountId, usage.Keys, cancellationToken);
    }

    /// <summary>Takes what an instance uses along to the virtual account it is in now, if that is another one.</summary>
    public static async Task FollowMoveAsync(
        DbSession session, InstanceRow before, InstanceRow after, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (before.VirtualAccountId == after.VirtualAccountId)
        {
            return;
        }

        var pools = new LicensePools(session);
        var released = await pools.MoveUsageAsync(before.VirtualAccountId, after.VirtualAccountId, before.Id, cancellationToken);
        var moved = await new ProductInstances(session).FindAsync(after.Id, cancellationToken) ?? before;
        if (moved.AccountId != before.AccountId)
        {
            await new InstanceDepartures(session).AddAsync(before.AccountId, before.Id, now, cancellationToken);
        }

        foreach (var row in new[] { before, moved }.OrderBy(row => row.VirtualAccountId, StringComparer.Ordinal))
        {
            await Compliance.RefreshAlertsAsync(session, row.AccountId, row.VirtualAccountId, now, cancellationToken);
        }

        await pools.DeleteEmptyAsync(before.VirtualAccountId, released, cancellationToken);
    }
}
