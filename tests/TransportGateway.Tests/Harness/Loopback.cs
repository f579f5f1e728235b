using System.Net;
using System.Net.Sockets;

namespace TransportGateway.Tests.Harness;

internal static class Loopback
{
    /// <summary>A port that nobody listens on now, for a server in a process of its own.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
