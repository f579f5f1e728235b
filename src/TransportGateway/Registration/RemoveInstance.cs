using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Ends a product's registration at an administrator's wish; the product learns it at its next contact.</summary>
internal sealed class RemoveInstance(Database database, TimeProvider clock)
{
    /// <summary>False when there is no such registered instance that the caller may see.</summary>
    public async Task<bool> ExecuteAsync(Caller by, string instanceId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var instances = new ProductInstances(session);
        var instance = await instances.FindAsync(instanceId, cancellationToken);
        if (instance is null || !by.MaySee(instance.AccountId) || !await instances.EndAsync(instance, InstanceState.Removed, now, cancellationToken))
        {
            return false;
        }

        await InstanceUsage.ReleaseAsync(session, instance, now, cancellationToken);
        await new IdCertificates(session).RevokeAllAsync(instanceId, cancellationToken);
        await DialledNames.ForgetProductAsync(session, instanceId, instance.AccountId, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.InstanceRemoved, Severity.Info, by.Name, $"{instance.DisplayName} was removed.", instance.AccountId, instance.Id), now, cancellationToken);
        await session.CommitAsync();
        return true;
    }
}
