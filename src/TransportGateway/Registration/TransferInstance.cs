using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Moves a product instance to another local virtual account of its account; what it uses goes along.</summary>
internal sealed class TransferInstance(Database database, TimeProvider clock)
{
    private const int MostLooks = 5;

    public abstract record Outcome
    {
        public sealed record Transferred(InstanceRow Instance) : Outcome;

        /// <summary>There is no such registered instance that the caller may see.</summary>
        public sealed record NoSuchInstance : Outcome;

        public sealed record NoSuchVirtualAccount : Outcome;

        /// <summary>Its accounts are those of its upstream, where it can be moved.</summary>
        public sealed record IsRelayed(InstanceRow Instance) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, string instanceId, string targetVirtualAccount, CancellationToken cancellationToken)
    {
        for (var look = 1; look <= MostLooks; look++)
        {
            if (await database.RetryOvertakenAsync(() => TryAsync(by, instanceId, targetVirtualAccount, cancellationToken)) is { } outcome)
            {
                return outcome;
            }
        }

        return new Outcome.NoSuchInstance();
    }

    /// <summary>Null when it was moved or ended meanwhile: look again.</summary>
    private async Task<Outcome?> TryAsync(Caller by, string instanceId, string targetVirtualAccount, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var instances = new ProductInstances(session);
        var before = await instances.FindAsync(instanceId, cancellationToken);
        if (before is null && await new RelayedInstances(session).FindAsync(instanceId, cancellationToken) is { } relayed && by.MaySee(relayed.AccountId, relayed.VirtualAccountId))
        {
            return new Outcome.IsRelayed(relayed);
        }

        if (before is null || !by.MaySee(before.AccountId, before.VirtualAccountId) || before.State != InstanceState.Registered)
        {
            return new Outcome.NoSuchInstance();
        }

        if (await new VirtualAccounts(session).FindByNameAsync(before.AccountId, targetVirtualAccount, cancellationToken) is not { } target || !by.MaySee(before.AccountId, target.Id))
        {
            return new Outcome.NoSuchVirtualAccount();
        }

        if (target.Id == before.VirtualAccountId)
        {
            return new Outcome.Transferred(before);
        }

        if (!await instances.MoveAsync(instanceId, before.VirtualAccountId, target.Id, cancellationToken))
        {
            return null;
        }

        var after = await instances.FindAsync(instanceId, cancellationToken) ?? before;
        await InstanceUsage.FollowMoveAsync(session, before, after, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.InstanceTransferred,
                Severity.Info,
                by.Name,
                $"{after.DisplayName} was moved from '{before.VirtualAccountName}' to '{target.Name}'.",
                before.AccountId,
                before.Id)
            { VirtualAccountId = target.Id, FormerVirtualAccountId = before.VirtualAccountId },
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Transferred(after);
    }
}
