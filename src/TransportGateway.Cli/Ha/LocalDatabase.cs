using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>This node's PostgreSQL outside of a cluster: before one is deployed, and after it was torn down.</summary>
internal static class LocalDatabase
{
    /// <summary>What the resource agent remembers of this server: alone, paired or standby.</summary>
    public static string State => Path.Combine(HaPaths.Database, "state");

    /// <summary>There while this server is being rejoined and not whole.</summary>
    public static string Rejoining => Path.Combine(HaPaths.Database, "rejoining");

    /// <summary>Nobody acknowledged anything after this server.</summary>
    public static bool WasLast => File.Exists(State) && File.ReadAllText(State).Trim() == "alone";

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

    /// <summary>The gateway's own file is marked as moved, this server has its rows, and only the setting is missing that tells the gateway: a deployment was killed in between.</summary>
    /// <exception cref="TgctlException">It was moved, but not to here.</exception>
    public static async Task<bool> HasUnclaimedMoveAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(HaPaths.MovedMark) || File.Exists(HaPaths.DatabaseEnvironment))
        {
            return false;
        }

        var moved = Exists ? await PsqlAsync(PostgreSqlConfiguration.GatewayRole, "SELECT count(*) FROM events WHERE kind = 'database-migrated'", aligned: false, cancellationToken) : null;
        return moved is { Code: 0 } && moved.Output.Trim() != "0"
            ? true
            : throw new TgctlException($"{HaPaths.MovedMark} says that this gateway's database was moved, but it is not in the PostgreSQL of this node. If it was moved elsewhere, point the gateway there first. To go on with what it was before that, delete {HaPaths.MovedMark}.");
    }

    /// <summary>What the gateway's database holds, in words; null when it does not answer.</summary>
    public static async Task<string?> HoldsAsync(CancellationToken cancellationToken)
    {
        var names = await PsqlAsync(PostgreSqlConfiguration.GatewayRole, "SELECT name FROM accounts ORDER BY name", aligned: false, cancellationToken);
        var instances = await PsqlAsync(PostgreSqlConfiguration.GatewayRole, "SELECT count(*) FROM product_instances", aligned: false, cancellationToken);
        return names.Code == 0 && instances.Code == 0 ? LocalNode.InWords(names.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), instances.Output.Trim()) : null;
    }

    /// <summary>Lets the other node in no more.</summary>
    public static Task CloseToPeerAsync(CancellationToken cancellationToken) => Machine.WriteSecretAsync(
        Path.Combine(PostgreSqlConfiguration.Folder, "pg_hba.conf"), System.Text.Encoding.UTF8.GetBytes(PostgreSqlConfiguration.Local), "postgres:postgres", cancellationToken);

    /// <summary>Starts it under systemd, with the configuration and the certificates of now, and makes it writable.</summary>
    public static async Task StartAloneAsync(CancellationToken cancellationToken)
    {
        RequireWhole();
        await Machine.SystemctlAsync(["enable", "--quiet", HaPaths.DatabaseUnit], cancellationToken);
        await Machine.SystemctlAsync(["restart", HaPaths.DatabaseUnit], cancellationToken);
        if ((await SqlAsync("postgres", "SELECT pg_is_in_recovery()", cancellationToken)).Trim() == "t")
        {
            await SqlAsync("postgres", "SELECT pg_promote(true, 60)", cancellationToken);
        }

        // Whoever writes now is the last to have everything.
        await Machine.WriteAsync(State, "alone\n", "postgres:postgres", cancellationToken);
    }

    /// <exception cref="TgctlException">It was being rejoined, and is not.</exception>
    public static void RequireWhole()
    {
        if (File.Exists(Rejoining))
        {
            throw new TgctlException("This node's database was in the middle of rejoining and is not whole. Copy it from the other node: ha_cluster_start here, or ha_deploy on the other node.");
        }
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
