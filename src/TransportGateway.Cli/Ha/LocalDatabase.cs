using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>This node's PostgreSQL outside of a cluster: before one is deployed, and after it was torn down.</summary>
internal static class LocalDatabase
{
    /// <summary>What the resource agent remembers of this server: alone, paired or standby.</summary>
    public static string State => Path.Combine(HaPaths.Database, "state");

    /// <summary>There while this server is being rejoined and not whole.</summary>
    public static string Rejoining => Path.Combine(HaPaths.Database, "rejoining");

    public static bool Exists => File.Exists(Path.Combine(PostgreSqlConfiguration.Data, "PG_VERSION"));

    /// <summary>Makes the database with its roles, and starts it as the only one that there is.</summary>
    public static async Task CreateAsync(ClusterPlan plan, CancellationToken cancellationToken)
    {
        if (!Exists)
        {
            var fresh = PostgreSqlConfiguration.Data + ".new";
            await Machine.MustAsync("an unfinished database was removed", ["rm", "-rf", fresh], cancellationToken);
            await LocalNode.AsPostgresAsync("a database was made", [Path.Combine(plan.DatabasePrograms, "initdb"), "-D", fresh, "--data-checksums", "-A", "peer", "-E", "UTF8", "--locale=C.UTF-8"], cancellationToken);
            Directory.Move(fresh, PostgreSqlConfiguration.Data);
        }

        await StartAloneAsync(cancellationToken);
        await SqlAsync(
            "postgres",
            $"""
            DO $do$ BEGIN
              IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ClusterKeys.ReplicationRole}') THEN CREATE ROLE {ClusterKeys.ReplicationRole} LOGIN REPLICATION; END IF;
              IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{PostgreSqlConfiguration.GatewayRole}') THEN CREATE ROLE "{PostgreSqlConfiguration.GatewayRole}" LOGIN; END IF;
            END $do$;
            GRANT pg_checkpoint, pg_read_all_data TO {ClusterKeys.ReplicationRole};
            GRANT pg_monitor TO "{PostgreSqlConfiguration.GatewayRole}";
            GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text), pg_read_binary_file(text, bigint, bigint, boolean)
              TO {ClusterKeys.ReplicationRole};
            """,
            cancellationToken);
        if ((await SqlAsync("postgres", $"SELECT count(*) FROM pg_database WHERE datname = '{PostgreSqlConfiguration.GatewayRole}'", cancellationToken)).Trim() == "0")
        {
            await SqlAsync("postgres", $"""CREATE DATABASE "{PostgreSqlConfiguration.GatewayRole}" OWNER "{PostgreSqlConfiguration.GatewayRole}" """, cancellationToken);
        }
    }

    /// <summary>Lets the other node in no more.</summary>
    public static Task CloseToPeerAsync(CancellationToken cancellationToken) => Machine.WriteSecretAsync(
        Path.Combine(PostgreSqlConfiguration.Folder, "pg_hba.conf"), System.Text.Encoding.UTF8.GetBytes(PostgreSqlConfiguration.Local), "postgres:postgres", cancellationToken);

    /// <summary>Starts it under systemd, with the configuration and the certificates of now, and makes it writable.</summary>
    public static async Task StartAloneAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Rejoining))
        {
            throw new TgctlException("This node's database was in the middle of rejoining and is not whole. Copy it from the other node: ha_cluster_start here, or ha_deploy on the other node.");
        }

        await Machine.SystemctlAsync(["enable", "--quiet", HaPaths.DatabaseUnit], cancellationToken);
        await Machine.SystemctlAsync(["restart", HaPaths.DatabaseUnit], cancellationToken);
        if ((await SqlAsync("postgres", "SELECT pg_is_in_recovery()", cancellationToken)).Trim() == "t")
        {
            await SqlAsync("postgres", "SELECT pg_promote(true, 60)", cancellationToken);
        }

        // Whoever writes now is the last to have everything.
        await Machine.WriteAsync(State, "alone\n", "postgres:postgres", cancellationToken);
    }

    /// <summary>What the server on this node answers; null when it does not run.</summary>
    public static async Task<string?> TryAskAsync(string statement, CancellationToken cancellationToken, bool aligned = false)
    {
        var result = await PsqlAsync("postgres", statement, aligned, cancellationToken);
        return result.Code == 0 ? result.Output : null;
    }

    private static async Task<string> SqlAsync(string database, string statement, CancellationToken cancellationToken)
    {
        var result = await PsqlAsync(database, statement, aligned: false, cancellationToken);
        return result.Code == 0 ? result.Output : throw new TgctlException($"PostgreSQL on this node refused a statement: {result.LastWords}");
    }

    private static Task<ToolResult> PsqlAsync(string database, string statement, bool aligned, CancellationToken cancellationToken) => Machine.RunAsync(
        "setpriv",
        [
            "--reuid=postgres", "--regid=postgres", "--init-groups", "--", "timeout", "60", "psql", "-X", "-q", .. aligned ? Array.Empty<string>() : ["-A", "-t"], "-v", "ON_ERROR_STOP=1",
            "-h", HaPaths.DatabaseSockets, "-p", $"{HaPaths.DatabasePort}", "-U", "postgres", "-d", database, "-c", statement,
        ],
        cancellationToken);
}
