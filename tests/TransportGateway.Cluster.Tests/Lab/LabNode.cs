using System.Diagnostics;
using System.Globalization;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>A simulated machine: systemd, its own file system, network and processes. It loses power like a real one, and finds its disks as they were.</summary>
internal sealed class LabNode(LabNetwork network, string folder, string package, string name, int number) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Tests and the fence agent may switch at the same time.
    private readonly SemaphoreSlim _switch = new(1, 1);
    private bool _isBroken;
    private System.Diagnostics.Process? _outer;
    private int _init;

    public string Name => name;

    /// <summary>The machine's first process, as this machine counts it.</summary>
    public int Process => _init;

    public string PublicAddress => string.Create(CultureInfo.InvariantCulture, $"10.77.0.{10 + number}");

    public string PrivateAddress => string.Create(CultureInfo.InvariantCulture, $"192.168.77.{number}");

    public string PublicCable => $"pub{number}";

    public string PrivateCable => $"priv{number}";

    /// <summary>The folder of the machine's disks.</summary>
    public string Folder => Path.Combine(folder, name);

    public string ControlSocket => Path.Combine(Folder, "gateway", "control.sock");

    public bool IsOn => _init != 0 && Directory.Exists($"/proc/{_init}/root/etc");

    public async Task PowerOnAsync()
    {
        await _switch.WaitAsync();
        try
        {
            if (!IsOn && !_isBroken)
            {
                await SwitchOnAsync();
            }
        }
        finally
        {
            _switch.Release();
        }
    }

    private async Task SwitchOnAsync()
    {
        await MountDiskAsync();
        var group = await CreateGroupAsync();
        // The shell puts itself into the machine's group of processes before the machine's own view of groups begins.
        _outer = System.Diagnostics.Process.Start(new ProcessStartInfo(
            "bash",
            [
                "-c",
                $"echo $$ >'{group}/cgroup.procs'; exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child --mount-proc --propagation private "
                + $"'{Path.Combine(AppContext.BaseDirectory, "Lab", "node-init.sh")}' {name} '{Folder}' '{package}' </dev/null >'{Folder}/console' 2>&1",
            ])
        {
            UseShellExecute = false,
        })!;
        await Wait.UntilAsync(
            $"{name} starts",
            async () =>
            {
                var children = (await File.ReadAllTextAsync($"/proc/{_outer.Id}/task/{_outer.Id}/children")).Trim();
                _init = int.TryParse(children, CultureInfo.InvariantCulture, out var init) ? init : 0;
                return _init > 0 && (await File.ReadAllTextAsync($"/proc/{_init}/comm")).Trim() == "systemd";
            },
            Patience,
            () => File.ReadAllTextAsync(Path.Combine(Folder, "console")));
        await network.PlugAsync(_init, PublicCable, LabNetwork.Public, "eth0", PublicAddress);
        await network.PlugAsync(_init, PrivateCable, LabNetwork.Private, "eth1", PrivateAddress);
    }

    public Task BootedAsync() => Wait.UntilAsync(
        $"{name} has booted",
        async () => (await TryAsync("systemctl", "is-active", "multi-user.target")).Code == 0,
        Patience,
        async () => (await TryAsync("systemctl", "list-jobs")).Output + await File.ReadAllTextAsync(Path.Combine(Folder, "console")));

    /// <summary>Pulls the plug: every process is gone at once, the disks are as they were.</summary>
    public async Task PowerOffAsync()
    {
        await _switch.WaitAsync();
        try
        {
            if (_outer is not null)
            {
                // One that never came up has no first process yet; and 0 would be this one's own group.
                await Tool.RunAsync(["kill", "-9", (_init > 0 ? _init : _outer.Id).ToString(CultureInfo.InvariantCulture)]);
                await _outer.WaitForExitAsync();
                _outer.Dispose();
                _outer = null;
                _init = 0;
            }
        }
        finally
        {
            _switch.Release();
        }
    }

    /// <summary>It dies for good: whoever fences it can switch it off, and nobody on.</summary>
    public Task BreakAsync()
    {
        _isBroken = true;
        return PowerOffAsync();
    }

    /// <summary>Another machine in its place: the same name, cables and package, and empty disks.</summary>
    public async Task ReplaceAsync()
    {
        await DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        _isBroken = false;
        await PowerOnAsync();
        await BootedAsync();
    }

    /// <summary>Runs a command on the machine.</summary>
    public Task<(int Code, string Output, string Errors)> TryAsync(params string[] command) => TalkAsync(null, default, command);

    public Task<(int Code, string Output, string Errors)> TalkAsync(string? input, CancellationToken cancellationToken, params string[] command) =>
        Tool.RunAsync([.. Enter, .. command], input, cancellationToken);

    public async Task<string> RunAsync(params string[] command)
    {
        var (code, output, errors) = await TryAsync(command);
        return code == 0 ? output : throw new InvalidOperationException($"{name}: {string.Join(' ', command)} ended with {code}: {errors}{output}");
    }

    /// <summary>What the database on the machine answers, one row a line.</summary>
    public Task<string> SqlAsync(string database, string statement) => RunAsync(
        "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", "psql", "-XqAt", "-h", "/run/transport-gateway-db", "-p", "5442", "-d", database, "-c", statement);

    public ProcessStartInfo Command(params string[] command) => new("nsenter", [.. Enter.Skip(1), .. command])
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    public async ValueTask DisposeAsync()
    {
        await PowerOffAsync();
        await Tool.RunAsync(["umount", "-l", Disk]);
    }

    private string Disk => Path.Combine(Folder, "database");

    /// <summary>A disk of its own for the database: it can be full, and what was synced to it is really written.</summary>
    private async Task MountDiskAsync()
    {
        if (Directory.Exists(Disk))
        {
            return;
        }

        Directory.CreateDirectory(Disk);
        var image = Path.Combine(Folder, "disk");
        await Tool.MustAsync("truncate", "-s", "3G", image);
        await Tool.MustAsync("mkfs.ext4", "-q", image);
        await Tool.MustAsync("mount", "-o", "loop", image, Disk);
        await Tool.MustAsync("rmdir", Path.Combine(Disk, "lost+found"));
    }

    // Ctrl-C works on a machine however the tests were started: a shell's background job would hand down that it is ignored.
    private string[] Enter =>
    [
        "nsenter", "-t", _init.ToString(CultureInfo.InvariantCulture), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i", "--default-signal=INT,QUIT", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
    ];

    private async Task<string> CreateGroupAsync()
    {
        var root = Directory.Exists("/sys/fs/cgroup/systemd") ? "/sys/fs/cgroup/systemd" : "/sys/fs/cgroup";
        var group = Path.Combine(root, $"{Path.GetFileName(folder)}-{name}");
        // What the machine left when it lost power.
        await Tool.RunAsync(["find", group, "-depth", "-type", "d", "-delete"]);
        Directory.CreateDirectory(group);
        return group;
    }
}
