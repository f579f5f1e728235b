using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>The configuration of a node's PostgreSQL. It lies outside the data directory, which a rejoin replaces.</summary>
internal static class PostgreSqlConfiguration
{
    public const string Folder = HaPaths.Database + "/conf";
    public const string Data = HaPaths.Database + "/data";

    /// <summary>The gateway's role and database, which its service user gets into over the Unix socket without a password.</summary>
    public const string GatewayRole = "transport-gateway";

    public const string GatewayConnection = "Host=/run/transport-gateway-db;Port=5442;Username=transport-gateway;Database=transport-gateway;Maximum Pool Size=50;Timeout=5";

    // Streaming, what pg_rewind reads, and the rows that a diverged database is compared with.
    private static readonly string[] DatabasesOfPeer = ["replication", "postgres", GatewayRole];

    /// <summary>Who gets in when this node is in no cluster: nobody from outside.</summary>
    public const string Local = $"""
        # Written by tgctl ha. Nobody gets in with a password.
        local   postgres             postgres             peer
        local   all                  postgres             peer
        local   {GatewayRole}    {GatewayRole}    peer

        """;

    /// <summary>Each file with its text.</summary>
    public static IReadOnlyDictionary<string, string> Of(ClusterPlan plan) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["postgresql.conf"] = Server(plan),
        ["pg_hba.conf"] = Access(plan),
        ["pg_ident.conf"] = "",
        ["peer.conninfo"] = PeerAddress(plan) + "\n",
    };

    /// <summary>How to reach the other node's server: over the private link, else over the public one, with its certificate verified either way.</summary>
    public static string PeerAddress(ClusterPlan plan) =>
        $"host={plan.Peer.Name},{plan.Peer.Name} hostaddr={plan.Peer.PrivateAddress},{plan.Peer.PublicAddress} port={HaPaths.DatabasePort} user={ClusterKeys.ReplicationRole}"
        + $" application_name={plan.ThisNode} sslmode=verify-full sslrootcert={Folder}/{ClusterKeys.Authority} sslcert={Folder}/{ClusterKeys.ReplicationCertificate} sslkey={Folder}/{ClusterKeys.ReplicationKey}"
        // Two standbys that followed each other would take themselves for complete.
        + " target_session_attrs=primary connect_timeout=2 keepalives_idle=3 keepalives_interval=1 keepalives_count=3 tcp_user_timeout=4000";

    private static string Server(ClusterPlan plan) => $"""
        # Written by tgctl ha. Changes of your own belong into local.conf beside this file.
        data_directory = '{Data}'
        hba_file = '{Folder}/pg_hba.conf'
        ident_file = '{Folder}/pg_ident.conf'
        listen_addresses = '{plan.This.PrivateAddress},{plan.This.PublicAddress}'
        port = {HaPaths.DatabasePort}
        unix_socket_directories = '{HaPaths.DatabaseSockets}'
        cluster_name = '{plan.ThisNode}'
        max_connections = 100

        # Replication. What is acknowledged is on disk on both nodes; the resource agent alone writes synchronous.conf.
        wal_level = replica
        synchronous_commit = on
        primary_conninfo = '{PeerAddress(plan)}'
        recovery_target_timeline = 'latest'
        hot_standby = on
        hot_standby_feedback = on
        max_wal_senders = 10
        wal_keep_size = 512MB
        wal_log_hints = on
        # With the default of 5 s a promotion that comes at the wrong moment waits that long.
        wal_retrieve_retry_interval = 100ms
        # With the default of a minute a primary takes that long to see that its standby is gone.
        wal_sender_timeout = 5s
        wal_receiver_timeout = 5s
        # A server that crashed is Pacemaker's business.
        restart_after_crash = off

        ssl = on
        ssl_ca_file = '{Folder}/{ClusterKeys.Authority}'
        ssl_cert_file = '{Folder}/server.pem'
        ssl_key_file = '{Folder}/server.key'
        ssl_min_protocol_version = 'TLSv1.2'
        tcp_keepalives_idle = 3
        tcp_keepalives_interval = 1
        tcp_keepalives_count = 3
        tcp_user_timeout = 4000

        log_line_prefix = '%m [%p] '
        include_if_exists = 'local.conf'
        include_if_exists = 'synchronous.conf'

        """;

    private static string Access(ClusterPlan plan)
    {
        var peers = new[] { plan.Peer.PrivateAddress, plan.Peer.PublicAddress }.Distinct(StringComparer.Ordinal)
            .SelectMany(address => DatabasesOfPeer.Select(database => $"hostssl {database,-12} {ClusterKeys.ReplicationRole} {Host(address)} cert clientcert=verify-full\n"));
        return Local + "# The other node gets in with the cluster's client certificate.\n" + string.Concat(peers);
    }

    private static string Host(string address) => address + (address.Contains(':', StringComparison.Ordinal) ? "/128" : "/32");
}
