using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Ends a registration at the product's own wish: its licences are free, its certificates no longer count.</summary>
internal static class DeregisterInstance
{
    /// <summary>False when it had ended before.</summary>
    /// <remarks>The row is changed, and so locked, first: whoever else changes this product's usage is done by then or waits.</remarks>
    public static async Task<bool> ExecuteAsync(DbSession session, InstanceRow instance, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!await new ProductInstances(session).EndAsync(instance, InstanceState.Deregistered, now, cancellationToken))
        {
            return false;
        }

        await InstanceUsage.ReleaseAsync(session, instance, now, cancellationToken);
        await new IdCertificates(session).RevokeAllAsync(instance.Id, cancellationToken);
        await DialledNames.ForgetProductAsync(session, instance.Id, instance.AccountId, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.InstanceDeregistered,
                Severity.Info,
                instance.DisplayName,
                $"{instance.DisplayName} deregistered itself.",
                instance.AccountId,
                instance.Id)
            { VirtualAccountId = instance.VirtualAccountId },
            now,
            cancellationToken);
        return true;
    }
}
