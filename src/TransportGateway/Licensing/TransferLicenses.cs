using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Moves purchased licences to another local virtual account of the same account; the account has as many as before.</summary>
/// <remarks>Licences that products use may be moved, too: the virtual account that they leave is short then, and has the alert that says so.</remarks>
internal sealed class TransferLicenses(Database database, TimeProvider clock)
{
    /// <param name="License">The name that the licence table shows, or the entitlement tag.</param>
    /// <param name="LicenseType"><c>PERPETUAL</c> or <c>TERM</c>: then Cisco must have granted such ones. Virtual accounts do not keep them apart. Empty for any.</param>
    public sealed record Request(Caller By, VirtualAccountRow From, string License, string LicenseType, long Quantity, string TargetVirtualAccount);

    public abstract record Outcome
    {
        public sealed record Transferred(string License, string Tag, long Quantity, VirtualAccountRow To) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        /// <summary>The virtual account that they should leave has none, or too few.</summary>
        public sealed record NotEnough(string Reason) : Outcome;

        public sealed record NoSuchVirtualAccount(string Name) : Outcome;

        private Outcome() { }
    }

    public Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken) =>
        database.RetryOvertakenAsync(() => TryAsync(request, cancellationToken));

    /// <summary>Takes every licence back to the default virtual account, in the transaction that deletes the one that has them.</summary>
    public static async Task HandBackAsync(
        DbSession session, VirtualAccountRow from, VirtualAccountRow home, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await new LocalAccounts(session).HoldAsync(from.AccountId, cancellationToken);
        var pools = new LicensePools(session);
        var held = (await pools.ListAsync(from.Id, cancellationToken)).Where(pool => pool.Purchased > 0).ToArray();
        foreach (var pool in held)
        {
            await pools.MovePurchasedAsync(from.Id, home.Id, pool.Tag, pool.Purchased, cancellationToken);
        }

        if (held.Length > 0)
        {
            await Compliance.RefreshAlertsAsync(session, from.AccountId, home.Id, now, cancellationToken);
            var facts = await new Entitlements(session).FactsAsync(from.AccountId, cancellationToken);
            var what = string.Join("; ", held.Select(pool => $"{Catalogue.NameOf(pool.Tag, facts).DisplayName}: {pool.Purchased}"));
            await LogAsync(session, from, home, held.Select(pool => pool.Tag), by, $"Licences went back from '{from.Name}', which is deleted, to '{home.Name}': {what}.", now, cancellationToken);
        }
    }

    private async Task<Outcome> TryAsync(Request request, CancellationToken cancellationToken)
    {
        var (from, now) = (request.From, clock.GetUtcNow());
        if (Problem(request) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        await using var session = await database.BeginAsync(cancellationToken);
        await new LocalAccounts(session).HoldAsync(from.AccountId, cancellationToken);
        var virtualAccounts = new VirtualAccounts(session);
        if (await virtualAccounts.FindAsync(from.Id, cancellationToken) is null)
        {
            return new Outcome.NoSuchVirtualAccount(from.Name);
        }

        if (await virtualAccounts.FindByNameAsync(from.AccountId, request.TargetVirtualAccount, cancellationToken) is not { } to || !request.By.MaySee(to.AccountId, to.Id))
        {
            return new Outcome.NoSuchVirtualAccount(request.TargetVirtualAccount);
        }

        if (to.Id == from.Id)
        {
            return new Outcome.Invalid($"The licences are in '{to.Name}' already; name another virtual account to move them to.");
        }

        var pools = new LicensePools(session);
        var facts = await new Entitlements(session).FactsAsync(from.AccountId, cancellationToken);
        var (pool, refusal) = Choose(request, await pools.ListAsync(from.Id, cancellationToken), facts);
        if (pool is null)
        {
            return refusal!;
        }

        var name = Catalogue.NameOf(pool.Tag, facts).DisplayName;
        if (!await IsGrantedAsync(session, from.AccountId, pool.Tag, request.LicenseType, cancellationToken))
        {
            return new Outcome.NotEnough($"Software Central granted this account no licences of {name} that are {request.LicenseType}.");
        }

        if (!await pools.MovePurchasedAsync(from.Id, to.Id, pool.Tag, request.Quantity, cancellationToken))
        {
            return new Outcome.NotEnough($"'{from.Name}' has {pool.Purchased} of {name}; {request.Quantity} cannot be moved.");
        }

        foreach (var id in new[] { from.Id, to.Id }.Order(StringComparer.Ordinal))
        {
            await Compliance.RefreshAlertsAsync(session, from.AccountId, id, now, cancellationToken);
        }

        await LogAsync(session, from, to, [pool.Tag], request.By.Name, $"{request.Quantity} of {name} went from '{from.Name}' to '{to.Name}'.", now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Transferred(name, pool.Tag, request.Quantity, to);
    }

    private static string? Problem(Request request) =>
        request.License.Length == 0 ? "license is missing; give its name or its entitlement tag."
        : request.Quantity < 1 ? "quantity must be a whole number of at least 1."
        : request.LicenseType.Length > 0 && !IsPerpetual(request.LicenseType) && !IsTerm(request.LicenseType) ? "licenseType must be PERPETUAL or TERM, or be left out."
        : null;

    private static bool IsPerpetual(string type) => type.Equals("PERPETUAL", StringComparison.OrdinalIgnoreCase);

    private static bool IsTerm(string type) => type.Equals("TERM", StringComparison.OrdinalIgnoreCase);

    /// <summary>The pool that the request means; a name that several licences have means none.</summary>
    private static (LicensePool? Pool, Outcome? Refusal) Choose(
        Request request, IReadOnlyList<LicensePool> pools, IReadOnlyDictionary<string, Entitlements.TagFacts> facts)
    {
        var meant = pools.Where(pool => pool.Purchased > 0
            && (pool.Tag == request.License || Catalogue.NameOf(pool.Tag, facts).DisplayName.Equals(request.License, StringComparison.OrdinalIgnoreCase))).ToArray();
        return meant switch
        {
            [var only] => (only, null),
            [] => (null, new Outcome.NotEnough($"'{request.From.Name}' has no purchased licences '{request.License}'. The licence table names those that it has.")),
            _ => (null, new Outcome.Invalid($"Several licences are called '{request.License}'; give the tag of one: {string.Join(", ", meant.Select(pool => pool.Tag))}")),
        };
    }

    private static async Task<bool> IsGrantedAsync(DbSession session, string accountId, string tag, string type, CancellationToken cancellationToken) =>
        type.Length == 0
        || (await new Entitlements(session).ListAsync(accountId, cancellationToken)).Any(entitlement => entitlement.Tag == tag && (entitlement.EndsAt is null) == IsPerpetual(type));

    private static Task LogAsync(
        DbSession session, VirtualAccountRow from, VirtualAccountRow to, IEnumerable<string> tags, string by, string message, DateTimeOffset now, CancellationToken cancellationToken) =>
        new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.LicensesTransferred, Severity.Info, by, message, from.AccountId) { VirtualAccountId = to.Id, FormerVirtualAccountId = from.Id, Licenses = tags },
            now,
            cancellationToken);
}
