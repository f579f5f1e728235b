using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace TransportGateway.Access;

/// <summary>Who is at the other end of the control socket, as the kernel tells it (SO_PEERCRED).</summary>
internal static class PeerCredentials
{
    // Linux: SOL_SOCKET and SO_PEERCRED, struct ucred { pid, uid, gid }.
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>The caller behind a request over the control socket; null for another user than root and the service's own.</summary>
    public static Caller? CallerOf(HttpContext context)
    {
        if (SocketOf(context) is not { } socket)
        {
            return null;
        }

        var credentials = new byte[12];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        var user = BinaryPrimitives.ReadUInt32LittleEndian(credentials.AsSpan(4));
        return user switch
        {
            0 => Caller.Local("root"),
            _ when user == OwnUser() => Caller.Local(Environment.UserName),
            _ => null,
        };
    }

    public static bool IsLocal(HttpContext context) => SocketOf(context) is not null;

    private static Socket? SocketOf(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket is { AddressFamily: AddressFamily.Unix } socket ? socket : null;

    /// <remarks>There is no managed call for the own user id; the kernel's file says it.</remarks>
    private static uint OwnUser()
    {
        var line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("Uid:", StringComparison.Ordinal));
        return uint.Parse(line.Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
