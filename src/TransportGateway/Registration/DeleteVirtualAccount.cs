using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Deletes a local virtual account with its tokens, once no product is registered in it. Its licences go back to the default one.</summary>
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

        await TransferLicenses.HandBackAsync(session, virtualAccount, siblings[0], by.Name, now, cancellationToken);
        await new LicensePools(session).DeleteEmptyAsync(virtualAccount.Id, cancellationToken);
        await instances.MoveEndedAsync(virtualAccount.Id, siblings[0].Id, cancellationToken);
        await new RelayedInstances(session).MoveAllAsync(virtualAccount.Id, siblings[0].Id, cancellationToken);
        await new VirtualAccounts(session).DeleteAsync(virtualAccount.Id, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.VirtualAccountDeleted, Severity.Info, by.Name, $"Local virtual account '{virtualAccount.Name}' was deleted.", virtualAccount.AccountId)
            { VirtualAccountId = virtualAccount.Id },
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Deleted();
    }
}
