using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Deletes a local account, or the request for one, once nothing in it is in use. Its tokens and API clients go with it.</summary>
/// <remarks>The tokens go first, as in <see cref="DeleteVirtualAccount"/>.</remarks>
internal sealed class DeleteLocalAccount(Database database, TimeProvider clock)
{
    private const int MostNamed = 5;

    public abstract record Outcome
    {
        public sealed record Deleted : Outcome;

        /// <summary>A client of one account deletes none.</summary>
        public sealed record NotAllowed : Outcome;

        /// <summary>All that is in the way, each with the command that clears it. Nothing changed.</summary>
        public sealed record Blocked(IReadOnlyList<string> Blockers) : Outcome;

        /// <summary>Another caller was faster.</summary>
        public sealed record NoSuchAccount : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, LocalAccountRow account, CancellationToken cancellationToken) => !by.IsForAllAccounts
        ? new Outcome.NotAllowed()
        : await database.RetryOvertakenAsync(() => TryAsync(by, account, cancellationToken));

    private async Task<Outcome> TryAsync(Caller by, LocalAccountRow account, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var virtualAccounts = await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken);
        if (virtualAccounts.Count == 0)
        {
            return new Outcome.NoSuchAccount();
        }

        var tokens = 0;
        foreach (var virtualAccount in virtualAccounts)
        {
            tokens += await new RegistrationTokens(session).DeleteOfAsync(virtualAccount.Id, cancellationToken);
        }

        var blockers = await BlockersAsync(session, account, virtualAccounts, cancellationToken);
        if (blockers.Count > 0)
        {
            return new Outcome.Blocked(blockers);
        }

        await new LicensePools(session).DeleteEmptyAsync(virtualAccounts[0].Id, cancellationToken);
        await new IdCertificates(session).DeleteEndedOfAsync(account.Id, cancellationToken);
        await new ProductInstances(session).DeleteEndedOfAsync(account.Id, cancellationToken);
        await new VirtualAccounts(session).DeleteDefaultAsync(account.Id, cancellationToken);
        var clients = await RevokeApiClient.RevokeAllOfAsync(session, account.Id, by.Name, now, cancellationToken);
        await new Alerts(session).ClearAllOfAccountAsync(account.Id, now, cancellationToken);
        if (!await new LocalAccounts(session).DeleteAsync(account.Id, cancellationToken))
        {
            return new Outcome.NoSuchAccount();
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.AccountDeleted,
                Severity.Info,
                by.Name,
                $"Local account '{account.Name}' was deleted, with {tokens} registration token(s); {clients} API client(s) were revoked.",
                account.Id),
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Deleted();
    }

    private static async Task<IReadOnlyList<string>> BlockersAsync(
        DbSession session, LocalAccountRow account, IReadOnlyList<VirtualAccountRow> virtualAccounts, CancellationToken cancellationToken)
    {
        var blockers = new List<string>();
        var instances = new ProductInstances(session);
        var count = await instances.CountAsync(account.Id, null, cancellationToken);
        if (count > 0)
        {
            var named = await instances.ListAsync(account.Id, null, MostNamed, 0, cancellationToken);
            blockers.Add(
                $"Product instances are registered in it ({count}): {Enumerate(named.Select(instance => $"{instance.DisplayName} ({instance.Id})"), count)}. Remove each: tgctl instance remove ID");
        }

        var pools = new LicensePools(session);
        var facts = await new Entitlements(session).FactsAsync(account.Id, cancellationToken);
        var licences = new List<string>();
        foreach (var virtualAccount in virtualAccounts)
        {
            licences.AddRange((await pools.ListAsync(virtualAccount.Id, cancellationToken))
                .Where(pool => pool.Purchased > 0)
                .Select(pool => $"{Catalogue.NameOf(pool.Tag, facts).DisplayName} ({pool.Purchased})"));
        }

        if (licences.Count > 0)
        {
            blockers.Add(
                $"Licences are purchased for it ({licences.Count}): {Enumerate(licences, licences.Count)}. Move them to another virtual account at Cisco, then: tgctl sync start --account '{account.Name}'");
        }

        var others = virtualAccounts.Where(virtualAccount => !virtualAccount.IsDefault).Select(virtualAccount => $"'{virtualAccount.Name}'").ToArray();
        if (others.Length > 0)
        {
            blockers.Add(
                $"It has local virtual accounts besides Default ({others.Length}): {Enumerate(others, others.Length)}. Delete each: tgctl virtual-account delete NAME --account '{account.Name}'");
        }

        return blockers;
    }

    private static string Enumerate(IEnumerable<string> names, long count) => string.Join(", ", names.Take(MostNamed)) + (count > MostNamed ? ", ..." : "");
}
