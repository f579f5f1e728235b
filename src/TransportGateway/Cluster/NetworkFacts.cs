using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using TransportGateway.Protocol;

namespace TransportGateway.Cluster;

/// <summary>How this machine stands in its network, and where the gateway listens. Read from the system, which is where it is changed.</summary>
internal sealed class NetworkFacts(Listeners listeners)
{
    public NetworkView Read()
    {
        var links = NetworkInterface.GetAllNetworkInterfaces().Where(link => link.NetworkInterfaceType != NetworkInterfaceType.Loopback).OrderBy(link => link.Name, StringComparer.Ordinal).ToArray();
        return new NetworkView(
            Dns.GetHostName(),
            [.. links.Select(link => new InterfaceView(
                link.Name,
                link.OperationalStatus == OperationalStatus.Up,
                string.Join(':', link.GetPhysicalAddress().GetAddressBytes().Select(part => part.ToString("x2", System.Globalization.CultureInfo.InvariantCulture))),
                [.. link.GetIPProperties().UnicastAddresses.Where(address => IsGlobal(address.Address)).Select(address => $"{address.Address}/{address.PrefixLength}")]))],
            [.. links.SelectMany(link => link.GetIPProperties().GatewayAddresses).Select(gateway => gateway.Address).Distinct().Select(address => address.ToString())],
            [.. links.SelectMany(link => link.GetIPProperties().DnsAddresses).Distinct().Select(address => address.ToString())],
            listeners.All);
    }

    private static bool IsGlobal(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork || (address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv6LinkLocal);
}

/// <summary>What the settings have the gateway listen on.</summary>
internal sealed record Listeners(IReadOnlyList<Listener> All)
{
    public static readonly Sentence Products = new("Products, browsers and the REST API over TLS, with the host certificate");
    public static readonly Sentence Browsers = new("Browsers and the REST API over TLS, with the certificate for browsers");
    public static readonly Sentence PlainProducts = new("Products that speak plain HTTP; no page and no REST API");
}

/// <param name="Address">An address of this machine; <c>any</c> for all.</param>
internal sealed record Listener(string Address, int Port, Sentence Serves)
{
    public static Listener Of(IPEndPoint endPoint, Sentence serves) =>
        new(endPoint.Address.Equals(IPAddress.IPv6Any) || endPoint.Address.Equals(IPAddress.Any) ? "any" : endPoint.Address.ToString(), endPoint.Port, serves);
}

internal sealed record NetworkView(
    string HostName, IReadOnlyList<InterfaceView> Interfaces, IReadOnlyList<string> Gateways, IReadOnlyList<string> DnsServers, IReadOnlyList<Listener> Listeners);

/// <param name="PhysicalAddress">Empty where there is none.</param>
/// <param name="Addresses">With the length of the network prefix; without link-local ones.</param>
internal sealed record InterfaceView(string Name, bool Up, string PhysicalAddress, IReadOnlyList<string> Addresses);
