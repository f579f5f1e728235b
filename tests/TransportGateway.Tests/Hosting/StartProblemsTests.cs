using System.Net;
using System.Net.Sockets;
using TransportGateway.Hosting;
using TransportGateway.Persistence;
using TransportGateway.Tests.Architecture;
using TransportGateway.Tests.Crash;

namespace TransportGateway.Tests.Hosting;

/// <summary>A gateway that cannot start says what to do, in the words that an administrator sees.</summary>
public sealed class StartProblemsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-start-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_setting_that_will_not_do_is_told_on_a_line_of_its_own()
    {
        var (code, errors) = await StartAsync("--archive-days=0", "--nonsense=1");

        Assert.Equal(2, code);
        Assert.Equal(
            [
                "The gateway does not start: 2 setting(s) need attention.",
                "  --nonsense: there is no such option; see --help for all of them.",
                "  --archive-days: a whole number from 1 to 3650 is needed.",
            ],
            errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_with_the_settings_to_look_at()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var (code, errors) = await StartAsync($"--listen-https=127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");

        Assert.Equal(1, code);
        Assert.StartsWith("The gateway does not start: ", errors, StringComparison.Ordinal);
        Assert.Contains(" Check listen-https, listen-admin and listen-http: ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_not_this_machines_is_told_with_the_settings_to_look_at()
    {
        var (code, errors) = await StartAsync("--listen-https=192.0.2.1:8443");

        Assert.Equal(1, code);
        Assert.StartsWith("The gateway does not start: ", errors, StringComparison.Ordinal);
        Assert.EndsWith("an address has to be this machine's, and a port below 1024 takes root or CAP_NET_BIND_SERVICE.", errors.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_that_another_gateway_holds_is_told()
    {
        using var held = DataDirectory.Open(_folder);

        var (code, errors) = await StartAsync("--listen-https=127.0.0.1:0");

        Assert.Equal(1, code);
        Assert.StartsWith($"The gateway does not start: data-directory: {_folder} cannot be used; is another gateway running on it?", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_was_moved_is_told_with_the_code_after_which_systemd_starts_nothing()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "gateway.db.moved"), "This database was moved to another one.");

        var (code, errors) = await StartAsync("--listen-https=127.0.0.1:0");

        Assert.Equal(2, code);
        Assert.StartsWith("The gateway does not start: This database was moved to another one. Set database to postgresql", errors, StringComparison.Ordinal);
        Assert.Contains("\nRestartPreventExitStatus=2\n", await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy", "systemd", "transport-gateway.service")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_away_is_asked_for_a_while_before_the_process_ends_to_be_started_again()
    {
        using var hangsUp = new TcpListener(IPAddress.Loopback, 0);
        hangsUp.Start();
        var calls = 0;
        using var end = new CancellationTokenSource();
        var hangingUp = Task.Run(async () =>
        {
            while (true)
            {
                (await hangsUp.AcceptSocketAsync(end.Token)).Dispose();
                calls++;
            }
        });

        var (code, errors) = await StartAsync(
            "--listen-https=127.0.0.1:0", "--database=postgresql",
            $"--postgresql-connection=Host=127.0.0.1;Port={((IPEndPoint)hangsUp.LocalEndpoint).Port};Username=gateway;SSL Mode=Disable");

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hangingUp);
        Assert.Equal(1, code);
        Assert.StartsWith("The gateway does not start: PostgreSQL cannot be used: ", errors, StringComparison.Ordinal);
        Assert.True(calls > 5, $"It asked {calls} time(s).");
    }

    [Fact]
    public void A_data_directory_that_is_too_long_for_a_socket_is_told()
    {
        var path = Path.Combine(_folder, new string('x', 100));
        Assert.Equal(
            $"data-directory: {path} is too long for a socket in it; choose a path of at most 94 bytes.",
            Assert.Throws<DatabaseUnusableException>(() => DataDirectory.Open(path)).Message);
    }

    [Fact]
    public void A_data_directory_that_cannot_be_is_told()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var path = Path.Combine(file, "data");
        Assert.StartsWith($"data-directory: {path} cannot be used; ", Assert.Throws<DatabaseUnusableException>(() => DataDirectory.Open(path)).Message, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Errors)> StartAsync(params string[] arguments)
    {
        using var process = GatewayProcess.Start(["--data-directory", _folder, "--host-name", "localhost", .. arguments]);
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }
}
