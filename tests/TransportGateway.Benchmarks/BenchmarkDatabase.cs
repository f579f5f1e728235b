using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>A database and data directory for one server, gone when disposed.</summary>
internal sealed class BenchmarkDatabase : IAsyncDisposable
{
    private readonly string? _server = Environment.GetEnvironmentVariable(BenchmarkOptions.ServerVariable);
    private readonly string _name = "tg_bench_" + Guid.NewGuid().ToString("N");

    private BenchmarkDatabase(EngineKind kind)
    {
        Kind = kind;
        Folder = Directory.CreateTempSubdirectory("tg-bench-").FullName;
        ConnectionString = kind == EngineKind.Sqlite
            ? new SqliteConnectionStringBuilder { DataSource = Path.Combine(Folder, "gateway.db"), ForeignKeys = true, DefaultTimeout = 10 }.ToString()
            : new NpgsqlConnectionStringBuilder(_server) { Database = _name, MaxPoolSize = 40 }.ToString();
    }

    public EngineKind Kind { get; }

    public string Folder { get; }

    public string ConnectionString { get; }

    public static async Task<BenchmarkDatabase> CreateAsync(EngineKind kind)
    {
        var database = new BenchmarkDatabase(kind);
        if (kind == EngineKind.PostgreSql)
        {
            await database.AdministerAsync($"CREATE DATABASE {database._name}");
        }

        return database;
    }

    public static Database Open(EngineKind kind, string folder, string connectionString, TimeProvider clock) => kind == EngineKind.Sqlite
        ? new SqliteDatabase(Path.Combine(folder, "gateway.db"), clock)
        : new PostgreSqlDatabase(connectionString, clock);

    public static DbConnection Connect(EngineKind kind, string connectionString) =>
        kind == EngineKind.Sqlite ? new SqliteConnection(connectionString) : new NpgsqlConnection(connectionString);

    /// <summary>An account with a token, made by the server's own use cases. Migrates first.</summary>
    public async Task<string> CreateTokenAsync(TimeProvider clock)
    {
        await using var database = Open(Kind, Folder, ConnectionString, clock);
        await database.MigrateAsync();
        using var masterKey = MasterKey.LoadOrCreate(Path.Combine(Folder, "master.key"));
        var by = Caller.Local("benchmark");
        var created = (CreateLocalAccount.Outcome.Created)await new CreateLocalAccount(database, clock)
            .ExecuteAsync(by, "Benchmark Account", CancellationToken.None);
        VirtualAccountRow virtualAccount;
        await using (var session = await database.ReadAsync())
        {
            virtualAccount = (await new VirtualAccounts(session).ListAsync(created.Account.Id, CancellationToken.None))[0];
        }

        var token = (CreateToken.Outcome.Created)await new CreateToken(database, masterKey, clock).ExecuteAsync(
            new CreateToken.Request(by, virtualAccount, "benchmark", 30, ExportControlled: true, MaxUses: null), CancellationToken.None);
        return token.Text.Value;
    }

    /// <summary>Work on the database before a server has it.</summary>
    public async Task PrepareAsync(Func<DbSession, MasterKey, Task> work, TimeProvider clock)
    {
        await using var database = Open(Kind, Folder, ConnectionString, clock);
        using var masterKey = MasterKey.LoadOrCreate(Path.Combine(Folder, "master.key"));
        await using var session = await database.BeginAsync();
        await work(session, masterKey);
        await session.CommitAsync();
    }

    /// <summary>Registered products with a certificate and three licences in use each, put straight into the database.</summary>
    public async Task AddInstancesAsync(int count, byte[] publicKey, TimeProvider clock)
    {
        const string series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @Count)";
        const string id = "substr('00000000-0000-7000-8000-000000000000', 1, 36 - length(CAST(i AS TEXT))) || CAST(i AS TEXT)";
        await using var connection = Connect(Kind, ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await RunAsync(
            $"""
            {series}
            INSERT INTO product_instances
              (id, virtual_account_id, state, udi_key, udi_pid, udi_serial_number, host_name, software_tag, product_type, agent_version,
               export_controlled, registered_at, last_contact_at, authorization_status, authorized_at, certificate_serial, udis)
            SELECT {id}, (SELECT id FROM virtual_accounts), 'registered', 'PID:UCM SN:bulk-' || CAST(i AS TEXT), 'UCM', 'bulk-' || CAST(i AS TEXT),
                   'bulk-' || CAST(i AS TEXT), 'regid.2016-07.com.cisco.UnifiedCM,12.0', 'UCM', '1.3', TRUE, @Now, @Now, 'AUTHORIZED', @Now,
                   CAST(i + 5000000000000000000 AS TEXT), 'PID:UCM SN:bulk-' || CAST(i AS TEXT)
              FROM n
            """);
        await RunAsync(
            $"""
            {series}
            INSERT INTO id_certificates (serial, instance_id, state, public_key, not_before, not_after, issued_at)
            SELECT CAST(i + 5000000000000000000 AS TEXT), {id}, 'current', @PublicKey, @Now, @Now, @Now FROM n
            """);
        foreach (var tag in Tags)
        {
            await RunAsync($"{series} INSERT INTO license_usages (instance_id, tag, quantity) SELECT {id}, '{tag}', 1 FROM n");
            await RunAsync(
                $"INSERT INTO license_pools (virtual_account_id, tag, purchased, in_use) SELECT id, '{tag}', 10000000, @Count FROM virtual_accounts WHERE 0 < 1"
                + " ON CONFLICT (virtual_account_id, tag) DO UPDATE SET purchased = 10000000, in_use = license_pools.in_use + @Count");
        }

        await transaction.CommitAsync();

        async Task RunAsync(string sql)
        {
            await using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = sql;
            command.CommandTimeout = 120;
            foreach (var (name, value) in new (string, object)[] { ("@Count", (long)count), ("@Now", clock.GetUtcNow().ToUnixTimeMilliseconds()), ("@PublicKey", publicKey) })
            {
                if (sql.Contains(name, StringComparison.Ordinal))
                {
                    var parameter = command.CreateParameter();
                    (parameter.ParameterName, parameter.Value) = (name, value);
                    command.Parameters.Add(parameter);
                }
            }

            await command.ExecuteNonQueryAsync();
        }
    }

    public static IReadOnlyList<string> Tags { get; } = [EntitlementTags.UcmEnhanced, EntitlementTags.UcmEnhancedPlus, EntitlementTags.UcmTelepresenceRoom];

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (Kind == EngineKind.PostgreSql)
        {
            await AdministerAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
        }

        Directory.Delete(Folder, recursive: true);
    }

    private async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
