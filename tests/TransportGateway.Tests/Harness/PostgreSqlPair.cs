using Npgsql;

namespace TransportGateway.Tests.Harness;

/// <summary>A real PostgreSQL with a synchronous standby that streams from it, both on loopback and of this test alone.</summary>
internal sealed class PostgreSqlPair : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-pair-").FullName;
    private readonly string _programs = Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
        .Where(folder => File.Exists(Path.Combine(folder, "initdb"))).Order(StringComparer.Ordinal).Last();

    private readonly int _primaryPort = Loopback.FreePort();
    private readonly int _standbyPort = Loopback.FreePort();

    public string Primary => ConnectionString(_primaryPort);

    public string Standby => ConnectionString(_standbyPort);

    public static async Task<PostgreSqlPair> StartAsync()
    {
        var pair = new PostgreSqlPair();
        if (Environment.UserName == "root")
        {
            // PostgreSQL refuses to run as root.
            await Tool.TextAsync("chown", "postgres", pair._folder);
        }

        await pair.RunAsync("initdb", "-D", pair.Data("primary"), "-A", "trust", "-U", "gateway", "--no-sync", "--locale=C.UTF-8");
        await pair.StartServerAsync("primary", pair._primaryPort, "-c wal_level=replica -c max_wal_senders=5 -c synchronous_standby_names=*");
        await pair.RunAsync("pg_basebackup", "-D", pair.Data("standby"), "-h", "127.0.0.1", "-p", $"{pair._primaryPort}", "-U", "gateway", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync");
        await pair.StartStandbyAsync();
        return pair;
    }

    /// <summary>Pulls the plug of the primary.</summary>
    public Task KillPrimaryAsync() => RunAsync("pg_ctl", "-D", Data("primary"), "-m", "immediate", "-w", "stop");

    /// <summary>What a cluster manager does with a primary whose role moves: a fast stop, and a start that follows.</summary>
    public async Task DemotePrimaryAsync()
    {
        await RunAsync("pg_ctl", "-D", Data("primary"), "-m", "fast", "-w", "stop");
        await File.WriteAllTextAsync(Path.Combine(Data("primary"), "standby.signal"), "");
        await StartServerAsync("primary", _primaryPort, "-c hot_standby=on -c synchronous_standby_names=");
    }

    /// <summary>From here on nothing that the primary commits is confirmed.</summary>
    public Task StopStandbyAsync() => RunAsync("pg_ctl", "-D", Data("standby"), "-m", "immediate", "-w", "stop");

    public Task StartStandbyAsync() => StartServerAsync("standby", _standbyPort, "-c hot_standby=on -c synchronous_standby_names=");

    /// <summary>What a cluster manager does when the primary is gone.</summary>
    public Task PromoteStandbyAsync() => RunAsync("pg_ctl", "-D", Data("standby"), "-w", "promote");

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        foreach (var server in new[] { "standby", "primary" })
        {
            // It may be stopped already.
            await TryRunAsync("pg_ctl", "-D", Data(server), "-m", "immediate", "-w", "stop");
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static string ConnectionString(int port) => $"Host=127.0.0.1;Port={port};Username=gateway;Database=postgres;Timeout=5";

    private string Data(string server) => Path.Combine(_folder, server);

    private Task StartServerAsync(string server, int port, string options) => RunAsync(
        "pg_ctl", "-D", Data(server), "-w", "-l", Path.Combine(_folder, server + ".log"), "-o",
        $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off -c max_connections=100 {options}", "start");

    private async Task RunAsync(string program, params string[] arguments)
    {
        var (code, text) = await TryRunAsync(program, arguments);
        Assert.True(code == 0, $"{program}: {text}");
    }

    private Task<(int Code, string Text)> TryRunAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_programs, program);
        return Environment.UserName == "root" ? Tool.RunAsync("runuser", ["-u", "postgres", "--", path, .. arguments]) : Tool.RunAsync(path, arguments);
    }
}
