using System.Diagnostics;
using TransportGateway.Tests.Architecture;

namespace TransportGateway.Tests.Hosting;

/// <summary>What the package's scripts ask systemd for, with a stand-in for it.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-package-").FullName;

    public PackageTests()
    {
        Directory.CreateDirectory(In("bin"));
        Directory.CreateDirectory(In("systemd"));
        foreach (var tool in new[] { "systemd-sysusers", "systemd-tmpfiles" })
        {
            Stand(tool, "exit 0");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_first_installation_starts_the_gateway()
    {
        await RunAsync("postinst", "configure", "");

        Assert.Contains("enable --now transport-gateway.service", Asked());
    }

    [Fact]
    public async Task An_upgrade_starts_again_what_runs_and_enables_nothing()
    {
        await RunAsync("prerm", "upgrade", "0.2.0");
        await RunAsync("postinst", "configure", "0.1.0");

        Assert.Contains("try-restart transport-gateway.service", Asked());
        Assert.DoesNotContain(Asked(), line => line.StartsWith("enable", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("transport-gateway.service", "enable --now transport-gateway.service")]
    [InlineData("transport-gateway*.service", "enable --now transport-gateway.service transport-gateway-postgresql.service")]
    [InlineData("nothing", null)]
    public async Task An_installation_after_a_removal_starts_what_was_enabled_before_it(string enabled, string? expected)
    {
        Stand("systemctl", $"echo \"$*\" >>'{In("asked")}'\ncase \"$*\" in *is-enabled\\ {enabled}) exit 0 ;; *is-enabled*) exit 1 ;; esac");
        await RunAsync("prerm", "remove");
        Assert.Contains(Asked(), line => line.StartsWith("disable --now", StringComparison.Ordinal));

        await RunAsync("postinst", "configure", "0.1.0");

        Assert.Equal(expected, Asked().SingleOrDefault(line => line.StartsWith("enable", StringComparison.Ordinal)));
        Assert.False(File.Exists(In("removed")));
    }

    [Fact]
    public async Task A_purge_forgets_what_was_enabled()
    {
        await RunAsync("prerm", "remove");
        Assert.True(File.Exists(In("removed")));

        await RunAsync("postrm", "remove");
        Assert.True(File.Exists(In("removed")));
        await RunAsync("postrm", "purge");

        Assert.False(File.Exists(In("removed")));
    }

    private string[] Asked() => File.ReadAllLines(In("asked"));

    private async Task RunAsync(string script, params string[] arguments)
    {
        if (!File.Exists(In("bin/systemctl")))
        {
            Stand("systemctl", $"echo \"$*\" >>'{In("asked")}'");
        }

        var build = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy", "package", "build.sh"));
        var text = build.Split($"DEBIAN/{script}\" <<'C'\n")[^1].Split("\nC\n")[0]
            .Replace("/run/systemd/system", In("systemd"), StringComparison.Ordinal)
            .Replace("/var/lib/transport-gateway-removed", In("removed"), StringComparison.Ordinal)
            .Replace("/etc/transport-gateway", _folder, StringComparison.Ordinal);
        Assert.StartsWith("#!/bin/sh\n", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(In(script), text);
        using var process = Process.Start(new ProcessStartInfo("sh", [In(script), .. arguments])
        {
            UseShellExecute = false,
            Environment = { ["PATH"] = In("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin" },
        })!;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private void Stand(string tool, string does)
    {
        File.WriteAllText(In("bin/" + tool), $"#!/bin/sh\n{does}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(In("bin/" + tool), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private string In(string name) => Path.Combine(_folder, name);
}
