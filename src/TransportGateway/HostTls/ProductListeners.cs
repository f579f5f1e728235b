using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace TransportGateway.HostTls;

/// <summary>Where products reach this gateway over TLS.</summary>
internal sealed class ProductListeners
{
    private const int UsualPort = 443;

    private readonly List<ListenOptions> _listeners = [];

    public void Add(ListenOptions listener) => _listeners.Add(listener);

    /// <remarks>The end points are those that the sockets have: a port that the system chose is known once it listens.</remarks>
    public string Origin(string host) => Origin(host, [.. _listeners.Select(listener => listener.IPEndPoint?.Port).OfType<int>()]);

    /// <summary>Scheme, host, and a port where no listener has the usual one.</summary>
    public static string Origin(string host, IReadOnlyList<int> ports)
    {
        var name = IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host;
        return "https://" + name + (ports.Count == 0 || ports.Contains(UsualPort) ? "" : ":" + ports[0].ToString(CultureInfo.InvariantCulture));
    }
}
