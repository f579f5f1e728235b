using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Ends a registration at the product's own wish: its licences are free, its certificates no longer count.</summary>
internal static class DeregisterInstance
{
    public static async Task ExecuteAsync(DbSession session, InstanceRow instance, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await InstanceUsage.ReleaseAsync(session, instance, now, cancellationToken);
        var instances = new ProductInstances(session);
        await instances.ContactedAsync(instance.Id, now, cancellationToken);
        await instances.EndAsync(instance.Id, InstanceState.Deregistered, now, cancellationToken);
        await new IdCertificates(session).RevokeAllAsync(instance.Id, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.InstanceDeregistered,
                Severity.Info,
                instance.DisplayName,
                $"{instance.DisplayName} deregistered itself.",
                instance.AccountId,
                instance.Id),
            now,
            cancellationToken);
    }
}
