using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace TransportGateway.Tests.Crash;

/// <summary>SIGTERM, as a service manager sends it: nothing new is accepted, what has begun is finished.</summary>
public sealed class GracefulStopTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-stop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_request_in_flight_is_answered_before_the_gateway_ends()
    {
        var socketPath = Path.Combine(_folder, "control.sock");
        using var process = GatewayProcess.Start("--data-directory", _folder, "--listen-https", "127.0.0.1:0");
        await GatewayProcess.WaitUntilReadyAsync(process, socketPath);

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath));
        const string Body = "{}";
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /SmartTransport HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {Body.Length}\r\n\r\n"));
        // The interim answer proves that the request has reached its handler, which now waits for the body.
        Assert.StartsWith("HTTP/1.1 100 ", await ReceiveAsync(socket), StringComparison.Ordinal);

        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await UntilRefusedAsync(socketPath);
        Assert.False(process.HasExited);

        await socket.SendAsync(Encoding.ASCII.GetBytes(Body));
        Assert.StartsWith("HTTP/1.1 400 ", await ReceiveAsync(socket), StringComparison.Ordinal);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(patience.Token);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_second_gateway_on_the_same_data_directory_does_not_start_and_says_why()
    {
        using var first = GatewayProcess.Start("--data-directory", _folder, "--listen-https", "127.0.0.1:0");
        await GatewayProcess.WaitUntilReadyAsync(first, Path.Combine(_folder, "control.sock"));
        using var second = GatewayProcess.Start("--data-directory", _folder, "--listen-https", "127.0.0.1:0");
        var errors = await second.StandardError.ReadToEndAsync();
        await second.WaitForExitAsync();
        first.Kill();
        await first.WaitForExitAsync();

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("is another gateway running on it?", errors, StringComparison.Ordinal);
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
    }

    private static async Task UntilRefusedAsync(string socketPath)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), patience.Token);
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, patience.Token);
            }
            catch (SocketException)
            {
                return;
            }
        }
    }
}
