using Npgsql;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Harness;

/// <summary>An empty database on a PostgreSQL server, for a gateway to move to.</summary>
internal sealed class TargetDatabase : IAsyncDisposable
{
    /// <summary>The server trusts everybody; a password that goes nowhere shows whether it is told.</summary>
    public const string Password = "open-sesame";

    private readonly string _server;
    private readonly string _name = "tg_target_" + Guid.NewGuid().ToString("N");
    private readonly string _file = Path.GetTempFileName();

    private TargetDatabase(string server) => _server = server;

    public string ConnectionString => new NpgsqlConnectionStringBuilder(_server) { Database = _name, Password = Password, MaxPoolSize = 20 }.ToString();

    /// <summary>A file with the connection string, as <c>--to-file</c> takes it.</summary>
    public string File => _file;

    /// <param name="options">More of the connection string in the file.</param>
    public static async Task<TargetDatabase> CreateAsync(string? server = null, string options = "")
    {
        var target = new TargetDatabase(server ?? PostgreSqlEngine.Server);
        await target.AdministerAsync($"CREATE DATABASE {target._name}");
        await System.IO.File.WriteAllTextAsync(target._file, $"{target.ConnectionString};{options}\n");
        return target;
    }

    /// <summary>One that has the tables already, so that a test can do something to them.</summary>
    public static async Task<TargetDatabase> CreateWithTablesAsync()
    {
        var target = await CreateAsync();
        await using var database = new PostgreSqlDatabase(target.ConnectionString, TimeProvider.System);
        await database.MigrateAsync();
        return target;
    }

    public async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task<long> TablesAsync() => ScalarAsync<long>("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'");

    /// <summary>Holds a move up in the middle: rows for this table wait until the answer is disposed.</summary>
    public async Task<NpgsqlConnection> HoldUpAsync(string table)
    {
        await ExecuteAsync(
            $"""
            CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
            CREATE TRIGGER wait_for_test BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION wait_for_test();
            """);
        var holder = await OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_advisory_lock(1)", holder);
        await command.ExecuteNonQueryAsync();
        return holder;
    }

    public static async Task ReleaseAsync(NpgsqlConnection holder)
    {
        await using var command = new NpgsqlCommand("SELECT pg_advisory_unlock(1)", holder);
        await command.ExecuteNonQueryAsync();
    }

    public Task WaitUntilHeldUpAsync() => Wait.UntilAsync(async () =>
        await ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'") > 0);

    public async ValueTask DisposeAsync()
    {
        await AdministerAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
        System.IO.File.Delete(_file);
    }

    private async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_server);
        await connection.OpenAsync();
        // Also where no standby would ever confirm it.
        await using var command = new NpgsqlCommand("SET synchronous_commit = local", connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
