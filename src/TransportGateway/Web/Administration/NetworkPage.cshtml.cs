using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Cluster;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Web.Administration;

/// <summary>How the machine stands in its network, and the proxies on the way out (ssm-on-prem 1.4).</summary>
internal sealed class NetworkPage(NetworkFacts network, ChangeCentral changeCentral, ChangeRelay changeRelay, TestUpstream test, MasterKey masterKey, Database database) : GatewayPage
{
    public const string Central = "central";
    public const string Relay = "relay";
    private const string Here = "/administration/network";
    private const string ProxyTab = "proxy";

    /// <param name="Of"><see cref="Central"/> or <see cref="Relay"/>.</param>
    /// <param name="Target">Where the way leads; empty when that is not set.</param>
    internal sealed record ProxyFields(string Of, string Title, string Target, string Address, string User, bool HasPassword);

    /// <summary>Empty for the general facts, else <c>interfaces</c> or <c>proxy</c>.</summary>
    public string Tab { get; private set; } = "";

    public NetworkView Facts { get; private set; } = null!;

    public string CommonName { get; private set; } = "";

    public string SmartAccount { get; private set; } = "";

    public IReadOnlyList<ProxyFields> Proxies { get; private set; } = [];

    [Needs(Permission.ManageUpstream, WholeGateway = true)]
    public async Task<IActionResult> OnGetAsync(string? tab)
    {
        if (tab is not (null or "" or "interfaces" or ProxyTab))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync(tab ?? "");
        return Page();
    }

    [Needs(Permission.ManageUpstream, WholeGateway = true)]
    public async Task<IActionResult> OnPostSaveAsync(string? of, string? address, string? user, string? password)
    {
        if (of is not (Central or Relay))
        {
            return Missing(T["There is nothing at this address."]);
        }

        var (proxy, name, secret) = (address?.Trim() ?? "", user?.Trim() ?? "", string.IsNullOrEmpty(password) ? null : new Secret(password));
        // Without a user there is nothing to keep a password for.
        secret = name.Length == 0 ? new Secret("") : secret;
        var problems = of == Central
            ? (await changeCentral.ExecuteAsync(new ChangeCentral.Request(Caller, Proxy: proxy, ProxyUser: name, ProxyPassword: secret), Aborted) as ChangeCentral.Outcome.Invalid)?.Problems
            : (await changeRelay.ExecuteAsync(new ChangeRelay.Request(Caller, Proxy: proxy, ProxyUser: name, ProxyPassword: secret), Aborted) as ChangeRelay.Outcome.Invalid)?.Problems;
        if (problems is null)
        {
            return Done(T["The proxy was saved."], Here + "/" + ProxyTab);
        }

        await LoadAsync(ProxyTab);
        Proxies = [.. Proxies.Select(shown => shown.Of == of ? shown with { Address = proxy, User = name } : shown)];
        return Refuse(string.Join('\n', problems));
    }

    [Needs(Permission.ManageUpstream, WholeGateway = true)]
    public async Task<IActionResult> OnPostTestAsync(string? of, string? smartAccount)
    {
        if (of is not (Central or Relay))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync(ProxyTab);
        SmartAccount = smartAccount?.Trim() ?? "";
        return of == Central ? await TestCentralAsync() : await TestRelayAsync();
    }

    private async Task<IActionResult> TestCentralAsync() => await test.CentralAsync(SmartAccount, Aborted) switch
    {
        TestUpstream.Outcome.Reached(null) => Done(T["Software Central answers. It does not show this client the Smart Account '{0}'.", SmartAccount], Here + "/" + ProxyTab),
        TestUpstream.Outcome.Reached(var found) => Done(T["Software Central answers. '{0}' has the virtual accounts: {1}", SmartAccount, string.Join(", ", found!)], Here + "/" + ProxyTab),
        TestUpstream.Outcome.NotSet => Refuse(T[TestUpstream.CentralNotSet], StatusCodes.Status409Conflict),
        TestUpstream.Outcome.Away(var cause) => Refuse(T["Software Central was not reached: {0}", cause], StatusCodes.Status502BadGateway),
        var other => throw new InvalidOperationException(other.GetType().Name),
    };

    private async Task<IActionResult> TestRelayAsync()
    {
        var upstreams = await test.RelayAsync(Aborted);
        if (upstreams.Count == 0)
        {
            return Refuse(T[TestUpstream.RelayOff], StatusCodes.Status409Conflict);
        }

        var away = upstreams.Where(upstream => upstream.Health.Now.Cause is not null).ToArray();
        return away.Length == 0
            ? Done(T["The relay's upstream answers: {0}", string.Join(", ", upstreams.Select(upstream => upstream.Address.AbsoluteUri))], Here + "/" + ProxyTab)
            : Refuse(string.Join('\n', away.Select(upstream => T["{0} was not reached: {1}", upstream.Address.AbsoluteUri, upstream.Health.Now.Cause])), StatusCodes.Status502BadGateway);
    }

    private async Task LoadAsync(string tab)
    {
        Tab = tab;
        Facts = network.Read();
        await using var session = await database.ReadAsync(Aborted);
        CommonName = (await new HostSettings(session).FindNamesAsync(Aborted))?.CommonName ?? "";
        if (tab == ProxyTab)
        {
            var central = await CentralSettings.LoadAsync(session, masterKey, Aborted);
            var relay = await RelaySettings.LoadAsync(session, masterKey, Aborted);
            SmartAccount = (await new LocalAccounts(session).ListAsync(Aborted)).FirstOrDefault(account => account.SmartAccount is not null)?.SmartAccount ?? "";
            Proxies =
            [
                Shown(Central, "Synchronization with Cisco Software Central", central.Address?.AbsoluteUri ?? "", central.Route),
                Shown(Relay, "Relay of messages that were not issued here", string.Join(", ", new[] { relay.CallHome, relay.SmartTransport }.OfType<Uri>()), relay.Route),
            ];
        }
    }

    private static ProxyFields Shown(string of, string title, string target, UpstreamRoute route) =>
        new(of, title, target, route.Proxy?.AbsoluteUri ?? "", route.ProxyUser, route.ProxyPassword.Value.Length > 0);
}
