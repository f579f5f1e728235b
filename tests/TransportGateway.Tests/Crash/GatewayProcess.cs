using System.Diagnostics;
using System.Net.Sockets;

namespace TransportGateway.Tests.Crash;

/// <summary>The gateway as the program that administrators start, in a process of its own.</summary>
internal static class GatewayProcess
{
    public static Process Start(params string[] arguments)
    {
        // artifacts/bin/TransportGateway.Tests/release/ -> artifacts/bin/TransportGateway/release/
        var configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.Combine(configuration.Parent!.Parent!.FullName, "TransportGateway", configuration.Name, "TransportGateway.dll");
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var variable in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("TG_", StringComparison.Ordinal)))
        {
            start.Environment.Remove(variable);
        }

        return Process.Start(start)!;
    }

    public static async Task WaitUntilReadyAsync(Process process, string socketPath)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        while (true)
        {
            try
            {
                using var response = await http.GetAsync("http://localhost/readyz", patience.Token);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, patience.Token);
            }
        }
    }
}
