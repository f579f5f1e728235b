using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>A server in a process of its own, so that its processor time and memory are its own. Killed at the end.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly BenchmarkDatabase _database;

    private ServerProcess(Process process, BenchmarkDatabase database, Uri address)
    {
        _process = process;
        _database = database;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>From the start of the process to the first 200 on /readyz.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    public TrustAnchors Anchors => TrustAnchors.FromPem(File.ReadAllText(Path.Combine(_database.Folder, "root.pem")));

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (1024.0 * 1024);
        }
    }

    /// <summary>The most that was resident since the start or <see cref="ForgetPeak"/>, as Linux counts it.</summary>
    public double PeakResidentMegabytes
    {
        get
        {
            const string Name = "VmHWM:";
            var line = File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith(Name, StringComparison.Ordinal));
            return long.Parse(line[Name.Length..^"kB".Length].Trim(), System.Globalization.CultureInfo.InvariantCulture) / 1024.0;
        }
    }

    public void ForgetPeak() => File.WriteAllText($"/proc/{_process.Id}/clear_refs", "5");

    public static Task<ServerProcess> StartGatewayAsync(BenchmarkDatabase database, TimeProvider clock)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var executable = Path.Combine(output.Parent!.Parent!.FullName, "TransportGateway", output.Name, "TransportGateway");
        return StartAsync(
            OperatingSystem.IsWindows() ? executable + ".exe" : executable,
            database,
            port =>
            [
                "--data-directory", database.Folder, "--host-name", "localhost", "--listen-https", $"127.0.0.1:{port}",
                "--source-burst", "10000000", "--source-rate", "10000000",
                "--database", database.Kind == EngineKind.Sqlite ? "sqlite" : "postgresql",
            ],
            clock);
    }

    /// <summary>Version and cipher suite of a connection.</summary>
    public async Task<string> TlsAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Address.Port);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(Path.Combine(_database.Folder, "root.pem"));
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = trust });
        return $"{tls.SslProtocol}, {tls.NegotiatedCipherSuite}";
    }

    public static Task<ServerProcess> StartFloorAsync(BenchmarkDatabase database, IReadOnlyList<string> arguments, TimeProvider clock) =>
        StartAsync(
            Environment.ProcessPath!,
            database,
            port => ["floor", $"{port}", $"{database.Kind}", database.Folder, .. arguments],
            clock);

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<ServerProcess> StartAsync(
        string executable, BenchmarkDatabase database, Func<int, IReadOnlyList<string>> arguments, TimeProvider clock)
    {
        var port = FreePort();
        var start = new ProcessStartInfo(executable) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in arguments(port))
        {
            start.ArgumentList.Add(argument);
        }

        if (database.Kind == EngineKind.PostgreSql)
        {
            start.Environment["TG_POSTGRESQL_CONNECTION"] = database.ConnectionString;
        }

        var began = clock.GetTimestamp();
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{executable} does not start.");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => KillQuietly(process);
        var server = new ServerProcess(process, database, new Uri($"https://localhost:{port}/"));
        try
        {
            // Its log goes nowhere, but it is written as it is in service.
            _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            await server.WaitUntilReadyAsync(began, clock);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    private async Task WaitUntilReadyAsync(long began, TimeProvider clock)
    {
        var address = new Uri(Address, "readyz");
        var root = Path.Combine(_database.Folder, "root.pem");
        while (!await IsReadyAsync(address, root))
        {
            if (_process.HasExited || clock.GetElapsedTime(began) > LongestStart)
            {
                throw new InvalidOperationException("A server did not become ready; its message is above.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), clock);
        }

        ReadyAfter = clock.GetElapsedTime(began);
    }

    private static async Task<bool> IsReadyAsync(Uri address, string root)
    {
        try
        {
            // The file is there before the port is open; before that there is nothing to trust.
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, address.Port);
            var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            trust.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(root));
            using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust } };
            using var http = new HttpClient(handler);
            using var response = await http.GetAsync(address);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception exception) when (exception is HttpRequestException or SocketException or IOException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void KillQuietly(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It was disposed, and so killed, before.
        }
    }
}
