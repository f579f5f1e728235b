using System.Net;
using System.Net.Sockets;

namespace TransportGateway.Simulators.Load;

/// <summary>Load is a test of one's own machine and nobody else's.</summary>
internal static class LoopbackOnly
{
    /// <summary>True when the host is a loopback address or a name that leads to nothing else.</summary>
    public static bool Holds(Uri address)
    {
        try
        {
            var addresses = Dns.GetHostAddresses(address.DnsSafeHost);
            return addresses.Length > 0 && addresses.All(IPAddress.IsLoopback);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
