using System.Text;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>A database that acknowledged changes which the primary of today never had: shows them, and lets an administrator decide. Nothing is thrown away by itself.</summary>
internal sealed class Divergence(TextWriter output)
{
    private const string TemporarySockets = "/run/transport-gateway-ha/diverged";

    private readonly ClusterPlan _plan = Plans.Needed();

    public string Peer => _plan.Peer.Name;

    /// <summary>The rows that only this node has, each as a statement.</summary>
    public async Task<IReadOnlyList<string>> OnlyHereAsync(CancellationToken cancellationToken)
    {
        await RequireStoppedAsync(cancellationToken);
        var copy = PostgreSqlConfiguration.Data + ".look";
        try
        {
            // A copy is opened, so that looking changes nothing.
            await Machine.MustAsync("the database was copied to look at it", ["cp", "-a", "--reflink=auto", PostgreSqlConfiguration.Data, copy], cancellationToken);
            var here = await RowsHereAsync(copy, cancellationToken);
            var there = await DumpAsync(PostgreSqlConfiguration.PeerAddress(_plan), cancellationToken);
            return [.. here.Except(there, StringComparer.Ordinal)];
        }
        finally
        {
            await Machine.RunAsync("rm", ["-rf", copy, TemporarySockets], CancellationToken.None);
        }
    }

    /// <summary>Puts this node's database aside, and has the cluster copy the other one's. Returns where it is kept.</summary>
    public async Task<string> DiscardAsync(string time, CancellationToken cancellationToken)
    {
        await RequireStoppedAsync(cancellationToken);
        // Without a primary to copy from, this database may be the only one that has everything.
        if (await ClusterState.ReadAsync(cancellationToken) is not { } report || !report.Members.Single(member => member.Node == _plan.Peer).IsPrimary)
        {
            throw new TgctlException($"{Peer} is not the primary of a cluster that runs on this node, so there is nothing to copy from. Run ha_cluster_start here, and see ha_status. Nothing was changed.");
        }

        var aside = $"{PostgreSqlConfiguration.Data}.diverged-{time}";
        Directory.Move(PostgreSqlConfiguration.Data, aside);
        File.Delete(LocalDatabase.State);
        await Machine.RunAsync("crm_resource", ["--cleanup", "--resource", PacemakerConfiguration.DatabaseClone, "--node", _plan.ThisNode, "--quiet"], cancellationToken);
        await output.WriteLineAsync($"This node's database is kept at {aside}. The cluster copies that of {Peer} now; see ha_status.");
        return aside;
    }

    private static async Task RequireStoppedAsync(CancellationToken cancellationToken)
    {
        if (!LocalDatabase.Exists)
        {
            throw new TgctlException("There is no database on this node.");
        }

        if (await LocalDatabase.TryAskAsync("SELECT 1", cancellationToken) is not null)
        {
            throw new TgctlException("The database on this node runs: it is no diverged one that waits for a decision. Nothing was changed.");
        }
    }

    private async Task<HashSet<string>> RowsHereAsync(string data, CancellationToken cancellationToken)
    {
        foreach (var mark in new[] { "standby.signal", "postmaster.pid" })
        {
            File.Delete(Path.Combine(data, mark));
        }

        await Machine.FolderAsync(TemporarySockets, "postgres:postgres", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, cancellationToken);
        await LocalNode.AsPostgresAsync(
            "the copy was opened",
            [
                Path.Combine(_plan.DatabasePrograms, "pg_ctl"), "-D", data, "-s", "-w", "-t", "120", "-l", Path.Combine(TemporarySockets, "log"), "-o",
                $"-c config_file={PostgreSqlConfiguration.Folder}/postgresql.conf -c data_directory={data} -c listen_addresses= -c unix_socket_directories={TemporarySockets} -c synchronous_standby_names= -c primary_conninfo= -c recovery_target_timeline=current",
                "start",
            ],
            cancellationToken);
        try
        {
            return await DumpAsync($"host={TemporarySockets} port={HaPaths.DatabasePort} user=postgres", cancellationToken);
        }
        finally
        {
            await LocalNode.AsPostgresAsync("the copy was closed", [Path.Combine(_plan.DatabasePrograms, "pg_ctl"), "-D", data, "-s", "-w", "-m", "immediate", "stop"], CancellationToken.None);
        }
    }

    /// <summary>Each row as a statement.</summary>
    private async Task<HashSet<string>> DumpAsync(string address, CancellationToken cancellationToken) =>
        [.. Statements(await LocalNode.AsPostgresAsync("rows were read", [Path.Combine(_plan.DatabasePrograms, "pg_dump"), "--data-only", "--inserts", "-d", $"{address} dbname={PostgreSqlConfiguration.GatewayRole}"], cancellationToken))];

    /// <summary>The INSERT statements of what pg_dump wrote. One goes on over line breaks that stand in its values.</summary>
    internal static IEnumerable<string> Statements(string dump)
    {
        var statement = new StringBuilder();
        var isInText = false;
        foreach (var line in dump.Split('\n'))
        {
            if (statement.Length == 0 && !line.StartsWith("INSERT INTO ", StringComparison.Ordinal))
            {
                continue;
            }

            statement.Append(statement.Length == 0 ? "" : "\n").Append(line);
            // A quote inside a text is written twice, so it counts as none.
            isInText ^= line.Count(letter => letter == '\'') % 2 == 1;
            if (!isInText && line.EndsWith(");", StringComparison.Ordinal))
            {
                yield return statement.ToString();
                statement.Clear();
            }
        }
    }
}
