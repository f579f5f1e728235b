using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;

namespace TransportGateway.Simulators.Central;

/// <summary>A simulated Cisco Software Central: smart accounts, entitlements, registration and synchronisation of on-premises servers.</summary>
/// <remarks>It speaks the public calls that are known and this project's own exchange; it proves nothing about Cisco's real service.</remarks>
public sealed class SoftwareCentral : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CentralState _state;
    private readonly CentralKeys _keys;
    private readonly CentralExchange _exchange;

    private SoftwareCentral(WebApplication app, CentralState state, CentralKeys keys, CentralExchange exchange, CentralFaults faults, string clientSecret)
    {
        _app = app;
        _state = state;
        _keys = keys;
        _exchange = exchange;
        Faults = faults;
        ClientSecret = clientSecret;
    }

    public Uri Address => new(_app.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    public Uri TokenAddress => new(Address, "/as/token.oauth2");

    public string ClientId => "gateway";

    public string ClientSecret { get; }

    /// <summary>The root of its documents and of its web certificate.</summary>
    public string AnchorPem => _keys.Root.ExportCertificatePem() + "\n";

    public CentralFaults Faults { get; }

    /// <param name="folder">Its state: the same again after a restart.</param>
    /// <param name="port">0 for any.</param>
    /// <param name="address">Where it listens; loopback when left out.</param>
    /// <param name="newKey">Where RSA keys come from; made anew when left out.</param>
    public static async Task<SoftwareCentral> StartAsync(string folder, TimeProvider clock, int port = 0, Func<RSA>? newKey = null, IPAddress? address = null)
    {
        var state = new CentralState(folder);
        var keys = CentralKeys.LoadOrCreate(Path.Combine(folder, "keys"), clock, newKey ?? (() => RSA.Create(2048)), address ?? IPAddress.Loopback);
        var secretPath = Path.Combine(folder, "client-secret");
        if (!File.Exists(secretPath))
        {
            await File.WriteAllTextAsync(secretPath, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)));
        }

        var secret = await File.ReadAllTextAsync(secretPath);
        var faults = new CentralFaults();
        var exchange = new CentralExchange(state, keys, clock);
        var app = new CentralServer(exchange, state, keys, faults, "gateway", secret, clock).Build(address ?? IPAddress.Loopback, port);
        await app.StartAsync();
        var central = new SoftwareCentral(app, state, keys, exchange, faults, secret);
        await File.WriteAllTextAsync(Path.Combine(folder, "root.pem"), central.AnchorPem);
        return central;
    }

    public void AddSmartAccount(string name, params string[] virtualAccounts) => Change(data =>
    {
        var account = new SmartAccount { Name = name, Id = data.NextId++ };
        foreach (var virtualAccount in virtualAccounts)
        {
            account.VirtualAccounts[virtualAccount] = new VirtualAccount { Name = virtualAccount, Id = data.NextId++ };
        }

        data.SmartAccounts.Add(name, account);
    });

    /// <summary>Grants licences; one with the same id takes the place of the one before.</summary>
    /// <param name="beside">It does not, as it never should be.</param>
    public void Grant(string smartAccount, string virtualAccount, CentralEntitlement entitlement, bool beside = false) => Change(data =>
    {
        var account = data.SmartAccounts[smartAccount];
        if (!account.VirtualAccounts.TryGetValue(virtualAccount, out var found))
        {
            account.VirtualAccounts[virtualAccount] = found = new VirtualAccount { Name = virtualAccount, Id = data.NextId++ };
        }

        found.Entitlements.RemoveAll(held => !beside && held.Id == entitlement.Id);
        found.Entitlements.Add(entitlement);
    });

    public void Withdraw(string smartAccount, string virtualAccount, string entitlementId) =>
        Change(data => data.SmartAccounts[smartAccount].VirtualAccounts[virtualAccount].Entitlements.RemoveAll(held => held.Id == entitlementId));

    public void AllowSubstitution(string smartAccount, CentralSubstitution rule) => Change(data => data.SmartAccounts[smartAccount].Substitutions.Add(rule));

    public void AllowExportControl(string smartAccount, bool allowed) => Change(data => data.SmartAccounts[smartAccount].ExportControlAllowed = allowed);

    /// <summary>An administrator at Cisco removes a product instance; the gateway learns it at its next synchronisation.</summary>
    public void RemoveInstance(string localAccount, string instanceId, string reason) => Change(data => Find(data, localAccount).Removals[instanceId] = reason);

    /// <summary>Loses the parts of requests that it was sent, as after a restart from a backup.</summary>
    public void ForgetRuns() => Change(data =>
    {
        foreach (var registration in data.Registrations.Values)
        {
            registration.LastRun = null;
        }

        _state.DeleteRuns();
    });

    /// <summary>Answers a registration file.</summary>
    public byte[] ExchangeRegistration(byte[] file) => _exchange.Register(file);

    /// <summary>Answers a request file.</summary>
    public byte[] ExchangeSynchronization(byte[] file) => _exchange.ExchangeFile(file);

    public IReadOnlyList<string> SmartAccounts => [.. _state.Data.SmartAccounts.Keys];

    public bool IsRegistered(string localAccount)
    {
        lock (_state.Lock)
        {
            return _state.Data.Registrations.Values.Any(registration => registration.LocalAccount == localAccount);
        }
    }

    /// <summary>What it holds of a local account, one line of JSON for each product instance, in the order of their identifiers.</summary>
    public IReadOnlyList<JsonObject> Instances(string localAccount)
    {
        lock (_state.Lock)
        {
            return [.. _state.LoadInstances(Find(_state.Data, localAccount)).OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => JsonNode.Parse(entry.Value)!.AsObject())];
        }
    }

    /// <summary>What the last synchronisation said of the account as a whole; null before the first.</summary>
    public JsonObject? Facts(string localAccount)
    {
        lock (_state.Lock)
        {
            return Find(_state.Data, localAccount).Facts is { } facts ? JsonNode.Parse(facts)!.AsObject() : null;
        }
    }

    public long LastSequence(string localAccount)
    {
        lock (_state.Lock)
        {
            return Find(_state.Data, localAccount).LastSequence;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _keys.Dispose();
    }

    private static Registration Find(StateData data, string localAccount) =>
        data.Registrations.Values.FirstOrDefault(registration => registration.LocalAccount == localAccount)
        ?? throw new InvalidOperationException($"'{localAccount}' is not registered here.");

    private void Change(Action<StateData> change)
    {
        lock (_state.Lock)
        {
            change(_state.Data);
            _state.Save();
        }
    }
}
