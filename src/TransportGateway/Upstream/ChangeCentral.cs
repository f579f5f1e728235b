using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Says where Software Central is and how this gateway signs in there.</summary>
internal sealed class ChangeCentral(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <summary>What is null stays as it is; an empty text takes a value away.</summary>
    public sealed record Request(
        Caller By,
        string? Address = null,
        string? TokenAddress = null,
        string? ClientId = null,
        Secret? ClientSecret = null,
        string? Proxy = null,
        string? ProxyUser = null,
        Secret? ProxyPassword = null,
        string? ExchangeAnchors = null,
        string? TlsAnchors = null,
        Schedule? Schedule = null);

    public abstract record Outcome
    {
        public sealed record Changed(CentralSettings Settings) : Outcome;

        /// <summary>Every problem, each a sentence; nothing changed.</summary>
        public sealed record Invalid(IReadOnlyList<string> Problems) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        await using var session = await database.BeginAsync(cancellationToken);
        var before = await CentralSettings.LoadAsync(session, masterKey, cancellationToken);
        var after = before with
        {
            Address = UpstreamRoute.ReadAddress("address", request.Address, before.Address, problems),
            TokenAddress = UpstreamRoute.ReadAddress("tokenAddress", request.TokenAddress, before.TokenAddress, problems),
            ClientId = request.ClientId ?? before.ClientId,
            ClientSecret = request.ClientSecret ?? before.ClientSecret,
            Route = before.Route.With(request.Proxy, request.ProxyUser, request.ProxyPassword, request.TlsAnchors, problems),
            ExchangeAnchors = request.ExchangeAnchors ?? before.ExchangeAnchors,
            Schedule = request.Schedule ?? before.Schedule,
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
                EventKinds.CentralSettingsChanged,
                Severity.Info,
                request.By.Name,
                $"Software Central was set to {after.Address?.AbsoluteUri ?? "files only"}, schedule {after.Schedule.Words}."),
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Changed(after);
    }
}
