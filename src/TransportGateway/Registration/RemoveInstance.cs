using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>
/// Ends a product's registration at an administrator's wish; the product learns it at its next contact. Of a relayed product only the record
/// is forgotten: its registration is its upstream's, and its next message brings the record back.
/// </summary>
internal sealed class RemoveInstance(Database database, TimeProvider clock)
{
    private const int MostLooks = 5;

    /// <summary>False when there is no such registered instance that the caller may see.</summary>
    public Task<bool> ExecuteAsync(Caller by, string instanceId, CancellationToken cancellationToken) =>
        database.RetryOvertakenAsync(() => TryAsync(by, instanceId, cancellationToken));

    private async Task<bool> TryAsync(Caller by, string instanceId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var instance = await new ProductInstances(session).FindAsync(instanceId, cancellationToken);
        if (instance is null)
        {
            return await ForgetRelayedAsync(session, by, instanceId, now, cancellationToken);
        }

        // One that another transaction moved meanwhile is looked for again, where it is now.
        for (var look = 1; instance is { State: InstanceState.Registered } && by.MaySee(instance.AccountId, instance.VirtualAccountId) && look <= MostLooks; look++)
        {
            if (await ExecuteAsync(session, instance, by.Name, $"{instance.DisplayName} was removed.", now, cancellationToken))
            {
                await session.CommitAsync();
                return true;
            }

            instance = await new ProductInstances(session).FindAsync(instanceId, cancellationToken);
        }

        return false;
    }

    /// <summary>The same in its caller's transaction; false when it is no longer registered.</summary>
    public static async Task<bool> ExecuteAsync(
        DbSession session, InstanceRow instance, string by, string message, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!await new ProductInstances(session).EndAsync(instance, InstanceState.Removed, now, cancellationToken))
        {
            return false;
        }

        await InstanceUsage.ReleaseAsync(session, instance, now, cancellationToken);
        await new IdCertificates(session).RevokeAllAsync(instance.Id, cancellationToken);
        await DialledNames.ForgetProductAsync(session, instance.Id, instance.AccountId, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.InstanceRemoved, Severity.Info, by, message, instance.AccountId, instance.Id) { VirtualAccountId = instance.VirtualAccountId }, now, cancellationToken);
        return true;
    }

    private static async Task<bool> ForgetRelayedAsync(DbSession session, Caller by, string instanceId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var relayed = new RelayedInstances(session);
        var instance = await relayed.FindAsync(instanceId, cancellationToken);
        if (instance is null || !by.MaySee(instance.AccountId, instance.VirtualAccountId) || !await relayed.ForgetAsync(instanceId, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.RelayedInstanceForgotten,
                Severity.Info,
                by.Name,
                $"The record of the relayed product {instance.DisplayName} was removed; its registration at {instance.RelayedTo} stays.",
                instance.AccountId,
                instance.Id)
            { VirtualAccountId = instance.VirtualAccountId },
            now,
            cancellationToken);
        await session.CommitAsync();
        return true;
    }
}
