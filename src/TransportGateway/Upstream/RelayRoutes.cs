using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>The relay as it is set now: which upstream a path has. Kept in memory, since every message asks.</summary>
internal sealed class RelayRoutes(Database database, MasterKey masterKey, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile State _state = new(new RelaySettings(), []);

    public RelaySettings Settings => _state.Settings;

    /// <summary>None while the relay is off.</summary>
    public IReadOnlyCollection<RelayUpstream> Upstreams => _state.Upstreams;

    /// <summary>Null when messages of this path are not relayed.</summary>
    public RelayUpstream? Find(RelayPath path) => Array.Find(_state.Upstreams, upstream => upstream.Path == path);

    /// <summary>Reads the settings again; messages under way finish with the old ones.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            RelaySettings settings;
            await using (var session = await database.ReadAsync(cancellationToken))
            {
                settings = await RelaySettings.LoadAsync(session, masterKey, cancellationToken);
            }

            if (settings != _state.Settings)
            {
                _state = new State(settings, settings.Enabled
                    ? [.. Enum.GetValues<RelayPath>().Where(path => settings.AddressFor(path) is not null).Select(path => new RelayUpstream(path, settings, clock))]
                    : []);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private sealed record State(RelaySettings Settings, RelayUpstream[] Upstreams);
}
