using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Deletes a local virtual account with its tokens, once no product is registered in it and no licence bought for it.</summary>
/// <remarks>The tokens go first: that waits for the registrations that are using one, so what is counted afterwards is all there is.</remarks>
internal sealed class DeleteVirtualAccount(Database database, TimeProvider clock)
{
    public abstract record Outcome
    {
        public sealed record Deleted : Outcome;

        /// <summary>The default one stays.</summary>
        public sealed record IsDefault : Outcome;

        public sealed record Blocked(string Blockers) : Outcome;

        /// <summary>It was deleted meanwhile.</summary>
        public sealed record NoSuchVirtualAccount : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, VirtualAccountRow virtualAccount, CancellationToken cancellationToken)
    {
        if (virtualAccount.IsDefault)
        {
            return new Outcome.IsDefault();
        }

        return await database.RetryOvertakenAsync(() => TryAsync(by, virtualAccount, cancellationToken));
    }

    private async Task<Outcome> TryAsync(Caller by, VirtualAccountRow virtualAccount, CancellationToken cancellationToken)
    {
        const int MostNamed = 5;
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var siblings = await new VirtualAccounts(session).ListAsync(virtualAccount.AccountId, cancellationToken);
        if (!siblings.Any(sibling => sibling.Id == virtualAccount.Id))
        {
            return new Outcome.NoSuchVirtualAccount();
        }

        await new RegistrationTokens(session).DeleteOfAsync(virtualAccount.Id, cancellationToken);
        var instances = new ProductInstances(session);
        var count = await instances.CountAsync(null, virtualAccount.Id, cancellationToken);
        if (count > 0)
        {
            var named = await instances.ListAsync(null, virtualAccount.Id, MostNamed, 0, cancellationToken);
            return new Outcome.Blocked(
                $"{count} product instance(s) are registered in it: {string.Join(", ", named.Select(instance => instance.DisplayName))}{(count > MostNamed ? ", ..." : "")}. Remove or transfer them first.");
        }

        var pools = new LicensePools(session);
        await pools.DeleteEmptyAsync(virtualAccount.Id, cancellationToken);
        if ((await pools.ListAsync(virtualAccount.Id, cancellationToken)).Count > 0)
        {
            return new Outcome.Blocked("Licences are assigned to it. Transfer them first.");
        }

        await instances.MoveEndedAsync(virtualAccount.Id, siblings[0].Id, cancellationToken);
        await new RelayedInstances(session).MoveAllAsync(virtualAccount.Id, siblings[0].Id, cancellationToken);
        await new VirtualAccounts(session).DeleteAsync(virtualAccount.Id, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.VirtualAccountDeleted, Severity.Info, by.Name, $"Local virtual account '{virtualAccount.Name}' was deleted.", virtualAccount.AccountId),
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Deleted();
    }
}
