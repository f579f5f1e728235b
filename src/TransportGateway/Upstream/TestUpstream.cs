using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.Upstream;

/// <summary>Goes the ways to the servers beyond this site, as they are set, and changes nothing.</summary>
internal sealed class TestUpstream(Database database, MasterKey masterKey, CentralTiming timing, RelayRoutes relay)
{
    public static readonly Sentence CentralNotSet = new("This gateway does not know where Software Central is. Set it with: tgctl central set");
    public static readonly Sentence RelayOff = new("The relay is off. Set it with: tgctl relay set");

    public abstract record Outcome
    {
        /// <param name="VirtualAccounts">Those of the Smart Account; null when Software Central does not know it, or does not show it to this client.</param>
        public sealed record Reached(IReadOnlyList<string>? VirtualAccounts) : Outcome;

        public sealed record NotSet : Outcome;

        public sealed record Away(string Cause) : Outcome;

        private Outcome() { }
    }

    /// <summary>Signs in at Software Central and looks for a Smart Account.</summary>
    public async Task<Outcome> CentralAsync(string smartAccount, CancellationToken cancellationToken)
    {
        CentralSettings settings;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await CentralSettings.LoadAsync(session, masterKey, cancellationToken);
        }

        if (!settings.IsOnline)
        {
            return new Outcome.NotSet();
        }

        try
        {
            using var central = new CentralClient(settings, timing with { Retries = 1, Call = TimeSpan.FromSeconds(30) });
            return new Outcome.Reached(await central.FindVirtualAccountsAsync(smartAccount, cancellationToken));
        }
        catch (Exception exception) when (exception is CentralUnavailableException or CentralRefusedException)
        {
            return new Outcome.Away(exception.Message);
        }
    }

    /// <summary>Dials every upstream of the relay, without a message; none when the relay is off.</summary>
    public async Task<IReadOnlyCollection<RelayUpstream>> RelayAsync(CancellationToken cancellationToken)
    {
        await relay.RefreshAsync(cancellationToken);
        var upstreams = relay.Upstreams;
        await Task.WhenAll(upstreams.Select(upstream => upstream.ProbeAsync(cancellationToken)));
        return upstreams;
    }
}
