using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Says where messages go that were not issued here, and for which accounts.</summary>
internal sealed class ChangeRelay(Database database, MasterKey masterKey, RelayRoutes routes, TimeProvider clock)
{
    /// <summary>What is null stays as it is; an empty text takes a value away.</summary>
    public sealed record Request(
        Caller By,
        bool? Enabled = null,
        string? CallHome = null,
        string? SmartTransport = null,
        string? Account = null,
        string? Proxy = null,
        string? ProxyUser = null,
        Secret? ProxyPassword = null,
        string? TlsAnchors = null,
        int? TimeoutSeconds = null,
        int? AlertMinutes = null);

    public abstract record Outcome
    {
        public sealed record Changed(RelaySettings Settings) : Outcome;

        /// <summary>Every problem, each a sentence; nothing changed.</summary>
        public sealed record Invalid(IReadOnlyList<string> Problems) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        RelaySettings after;
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            var before = await RelaySettings.LoadAsync(session, masterKey, cancellationToken);
            after = before with
            {
                Enabled = request.Enabled ?? before.Enabled,
                CallHome = UpstreamRoute.ReadAddress("callHome", request.CallHome, before.CallHome, problems),
                SmartTransport = UpstreamRoute.ReadAddress("smartTransport", request.SmartTransport, before.SmartTransport, problems),
                Route = before.Route.With(request.Proxy, request.ProxyUser, request.ProxyPassword, request.TlsAnchors, problems),
                AccountId = await AccountIdAsync(session, request.Account, before.AccountId, problems, cancellationToken),
                TimeoutSeconds = request.TimeoutSeconds ?? before.TimeoutSeconds,
                AlertMinutes = request.AlertMinutes ?? before.AlertMinutes,
            };
            problems.AddRange(after.Problems());
            if (problems.Count > 0)
            {
                return new Outcome.Invalid(problems);
            }

            var now = clock.GetUtcNow();
            await after.SaveAsync(session, masterKey, request.By.Name, now, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(
                    EventKinds.RelayChanged,
                    Severity.Info,
                    request.By.Name,
                    after.Enabled
                        ? $"The relay was set: Call Home to {after.CallHome?.AbsoluteUri ?? "nowhere"}, Smart Transport to {after.SmartTransport?.AbsoluteUri ?? "nowhere"}."
                        : "The relay was turned off."),
                now,
                cancellationToken);
            await session.CommitAsync();
        }

        await routes.RefreshAsync(cancellationToken);
        return new Outcome.Changed(after);
    }

    /// <summary>False when the account is gone.</summary>
    public async Task<bool> AllowAsync(Caller by, LocalAccountRow account, bool allowed, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new LocalAccounts(session).SetRelayAllowedAsync(account.Id, allowed, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.RelayChanged, Severity.Info, by.Name, $"Relayed products of local account '{account.Name}' are {(allowed ? "relayed" : "refused")} from now on.", account.Id),
            clock.GetUtcNow(),
            cancellationToken);
        await session.CommitAsync();
        return true;
    }

    private static async Task<string> AccountIdAsync(DbSession session, string? name, string before, List<string> problems, CancellationToken cancellationToken)
    {
        var accounts = new LocalAccounts(session);
        if (name is null)
        {
            // Where there is one account, there is nothing to choose.
            return await accounts.FindAsync(before, cancellationToken) is not null ? before
                : await accounts.ListAsync(cancellationToken) is [var only] ? only.Id : "";
        }

        if (await accounts.FindByNameAsync(name, cancellationToken) is { } found)
        {
            return found.Id;
        }

        problems.Add($"account: there is no local account '{name}'.");
        return before;
    }
}
