using System.Net;
using System.Net.Sockets;

namespace TransportGateway.Tests.Harness;

internal static class Loopback
{
    // Below those that the system gives to whoever asks for any: nobody takes one between its being found and its being used, or while its server is stopped.
    private const int First = 10_000;
    private const int Ports = 10_000;

    private static int _last = Random.Shared.Next(Ports);

    /// <summary>A port that nobody listens on and nobody else is given.</summary>
    public static int FreePort()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, First + (Interlocked.Increment(ref _last) % Ports));
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // The next one, then.
            }
        }
    }
}
