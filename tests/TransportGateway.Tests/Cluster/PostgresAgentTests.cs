using System.Diagnostics;
using System.Globalization;
using TransportGateway.Tests.Architecture;

namespace TransportGateway.Tests.Cluster;

/// <summary>The resource agent's decisions, with stand-ins for Pacemaker's tools and psql that answer, or fail, as a test wants. What it does to a real database, the cluster tests show.</summary>
public sealed class PostgresAgentTests : IDisposable
{
    private const string Waits = "synchronous_standby_names = '\"secondary-node\"'\n";
    private const string PeerIsPrimary = "case \"$*\" in *--query*tg-role*|*tg-role*--query*) echo 'name=\"tg-role\" host=\"secondary-node\" value=\"primary\"' ;; esac";

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-agent-").FullName;
    private readonly Process _server;

    public PostgresAgentTests()
    {
        foreach (var folder in new[] { "bin", "ocf", "run", "home/data", "home/conf" })
        {
            Directory.CreateDirectory(In(folder));
        }

        // The agent looks for a process of this name.
        File.CreateSymbolicLink(In("bin/postgres"), "/bin/sleep");
        _server = Process.Start(In("bin/postgres"), "600");
        File.WriteAllText(In("home/data/postmaster.pid"), _server.Id.ToString(CultureInfo.InvariantCulture) + "\n");
        File.WriteAllText(In("home/conf/synchronous.conf"), Waits);
        File.WriteAllText(In("home/conf/peer.conninfo"), "host=secondary-node\n");
        File.WriteAllText(In("home/state"), "paired\n");
        File.WriteAllText(In("ocf/ocf-shellfuncs"), "OCF_SUCCESS=0 OCF_ERR_GENERIC=1 OCF_ERR_ARGS=2 OCF_NOT_RUNNING=7 OCF_RUNNING_MASTER=8 OCF_FAILED_MASTER=9\nocf_log() { :; }\nocf_exit_reason() { echo \"$*\" >&2; }\nocf_is_probe() { false; }\n");
        File.WriteAllText(In("agent"), File.ReadAllText(Path.Combine(Repository.Root, "deploy", "ocf", "postgres")).Replace("/run/transport-gateway-ha", In("run"), StringComparison.Ordinal).Replace("/proc/uptime", In("uptime"), StringComparison.Ordinal));
        File.WriteAllText(In("uptime"), "5000.25 9000.50\n");
        Stand("setpriv", "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"");
        Stand("timeout", "shift; exec \"$@\"");
        foreach (var quiet in new[] { "chown", "sync", "crm_mon", "corosync-quorumtool", "attrd_updater", "crm_attribute" })
        {
            Stand(quiet, "exit 0");
        }

        Stand("cibadmin", "echo '<node_state uname=\"secondary-node\" in_ccm=\"false\" expected=\"down\"/>'");
        Stand("crm_resource", "echo 'resource postgres is running on: primary-node Promoted'");
        Serve(role: "f", streaming: "");
    }

    public void Dispose()
    {
        _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_primary_stops_waiting_for_a_standby_that_is_known_to_be_down()
    {
        await MonitorAsync();

        Assert.Equal(("alone\n", ""), (Read("home/state"), Read("home/conf/synchronous.conf")));
    }

    [Fact]
    public async Task A_primary_stops_waiting_for_a_node_that_Pacemaker_has_never_seen()
    {
        Stand("cibadmin", "exit 105");

        await MonitorAsync();

        Assert.Equal("alone\n", Read("home/state"));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("1795490608")]
    public async Task A_primary_stops_waiting_for_a_standby_that_Pacemaker_does_not_run(string member)
    {
        Stand("cibadmin", $"echo '<node_state uname=\"secondary-node\" in_ccm=\"{member}\" crmd=\"online\" expected=\"member\"/>'");

        await MonitorAsync();

        Assert.Equal("alone\n", Read("home/state"));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("0")]
    public async Task A_primary_goes_on_waiting_for_a_node_that_is_lost_however_Pacemaker_writes_that(string member)
    {
        Stand("cibadmin", $"echo '<node_state uname=\"secondary-node\" in_ccm=\"{member}\" crmd=\"{member}\" expected=\"member\"/>'");

        await MonitorAsync();

        Assert.Equal(("paired\n", Waits), (Read("home/state"), Read("home/conf/synchronous.conf")));
    }

    [Fact]
    public async Task A_primary_that_cannot_write_down_what_it_is_goes_on_waiting()
    {
        Stand("sync", "case $1 in */state.new) exit 1 ;; esac");

        await MonitorAsync();

        Assert.Equal(("paired\n", Waits), (Read("home/state"), Read("home/conf/synchronous.conf")));
    }

    [Fact]
    public async Task A_standby_that_cannot_write_down_what_it_is_keeps_its_mark_and_says_so()
    {
        Serve(role: "t", streaming: "", receives: true);
        Stand("attrd_updater", PeerIsPrimary);
        File.WriteAllText(In("home/rejoining"), "");
        Stand("sync", "case $1 in */state.new) exit 1 ;; esac");

        var (code, said) = await MonitorAsync();

        Assert.Equal(1, code);
        Assert.Contains("what this server is cannot be written", said, StringComparison.Ordinal);
        Assert.True(File.Exists(In("home/rejoining")));
    }

    [Theory]
    [InlineData("start")]
    [InlineData("demote")]
    public async Task A_server_that_cannot_be_marked_as_a_standby_is_not_started(string action)
    {
        Stand("pg_ctl", $"echo \"$*\" >>'{In("asked")}'");
        Stand("pg_controldata", "echo 'Database cluster state:               shut down in recovery'");
        Stand("touch", "exit 1");
        if (action == "start")
        {
            File.Delete(In("home/data/postmaster.pid"));
            Stand("psql", "exit 2");
        }

        var (code, said) = await RunAsync(action);

        Assert.Equal(1, code);
        Assert.Contains("this database cannot be marked as a standby's", said, StringComparison.Ordinal);
        Assert.DoesNotContain(" start", File.Exists(In("asked")) ? Read("asked") : "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cibadmin", "exit 1")]
    [InlineData("cibadmin", "exit 0")]
    [InlineData("cibadmin", "echo '<node_state uname=\"secondary-node\" in_ccm=\"false\" expected=\"member\"/>'")]
    [InlineData("crm_attribute", "exit 1")]
    public async Task A_primary_goes_on_waiting_when_a_question_to_Pacemaker_fails(string tool, string does)
    {
        Stand(tool, does);

        await MonitorAsync();

        Assert.Equal(("paired\n", Waits), (Read("home/state"), Read("home/conf/synchronous.conf")));
    }

    [Theory]
    [InlineData("exit 1")]
    [InlineData("exit 0")]
    [InlineData("echo 'resource postgres is running on: primary-node Promoted'; echo 'resource postgres is running on: secondary-node'")]
    public async Task A_primary_goes_on_waiting_for_a_member_unless_Pacemaker_says_that_it_runs_nothing_there(string does)
    {
        Stand("cibadmin", "echo '<node_state uname=\"secondary-node\" in_ccm=\"true\" expected=\"member\"/>'");
        Stand("crm_resource", does);

        await MonitorAsync();

        Assert.Equal(("paired\n", Waits), (Read("home/state"), Read("home/conf/synchronous.conf")));
    }

    [Fact]
    public async Task A_primary_goes_on_waiting_when_its_own_server_does_not_say_who_streams()
    {
        Serve(role: "f", streaming: null);

        await MonitorAsync();

        Assert.Equal(("paired\n", Waits), (Read("home/state"), Read("home/conf/synchronous.conf")));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("1795490608")]
    public async Task A_standby_that_has_no_stream_for_too_long_is_marked_before_it_is_started_anew(string member)
    {
        Serve(role: "t", streaming: "");
        File.WriteAllText(In("run/quiet-since"), "1000\n");
        Stand("attrd_updater", PeerIsPrimary);
        Stand("cibadmin", $"echo '<node_state uname=\"secondary-node\" in_ccm=\"{member}\" expected=\"member\"/>'");

        var (code, said) = await MonitorAsync();

        Assert.Equal(1, code);
        Assert.Contains("the server is made to rejoin", said, StringComparison.Ordinal);
        Assert.True(File.Exists(In("home/rejoining")));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_does_not_lengthen_the_patience_of_a_standby()
    {
        Serve(role: "t", streaming: "");
        Stand("attrd_updater", PeerIsPrimary);
        Stand("cibadmin", "echo '<node_state uname=\"secondary-node\" in_ccm=\"true\" expected=\"member\"/>'");
        Stand("date", "echo 10000");
        Assert.Equal(0, (await MonitorAsync()).Code);

        Stand("date", "echo 6400");
        File.WriteAllText(In("uptime"), "5030.00 9050.00\n");

        Assert.Equal(1, (await MonitorAsync()).Code);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_does_not_keep_a_node_from_publishing_its_facts()
    {
        Stand("attrd_updater", $"echo \"$*\" >>'{In("told")}'");
        await MonitorAsync();
        await MonitorAsync();
        Assert.Single(File.ReadAllLines(In("told")), line => line.Contains("tg-facts", StringComparison.Ordinal));

        File.SetLastWriteTimeUtc(In("run/facts"), DateTime.UnixEpoch.AddYears(200));
        File.WriteAllText(In("uptime"), "5030.00 9050.00\n");
        await MonitorAsync();

        Assert.Equal(2, File.ReadAllLines(In("told")).Count(line => line.Contains("tg-facts", StringComparison.Ordinal)));
    }

    /// <summary>psql, as this node's server answers it; another one is a primary.</summary>
    /// <param name="role">Whether it is in recovery.</param>
    /// <param name="streaming">Who streams from it; null for a server that does not answer that.</param>
    /// <param name="receives">Whether it streams from the other one.</param>
    private void Serve(string role, string? streaming, bool receives = false) => Stand(
        "psql",
        $"""
        case "$*" in
        *"NOT pg_is_in_recovery"*) echo t ;;
        *pg_is_in_recovery*) echo {role} ;;
        *pg_stat_replication*) {(streaming is null ? "exit 2" : $"echo '{streaming}'")} ;;
        *pg_stat_wal_receiver*) {(receives ? "echo streaming" : "")} ;;
        esac
        """);

    private Task<(int Code, string Text)> MonitorAsync() => RunAsync("monitor");

    private async Task<(int Code, string Text)> RunAsync(string action)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", [In("agent"), action])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = In("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin",
                ["OCF_FUNCTIONS_DIR"] = In("ocf"),
                ["OCF_RESOURCE_INSTANCE"] = "postgres",
                ["OCF_RESKEY_home"] = In("home"),
                ["OCF_RESKEY_programs"] = In("bin"),
                ["OCF_RESKEY_sockets"] = In("run"),
                ["OCF_RESKEY_CRM_meta_on_node"] = "primary-node",
            },
        })!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, said);
    }

    private void Stand(string tool, string does)
    {
        File.WriteAllText(In("bin/" + tool), $"#!/bin/sh\n{does}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(In("bin/" + tool), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private string Read(string file) => File.ReadAllText(In(file));

    private string In(string name) => Path.Combine(_folder, name);
}
