using Npgsql;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Harness;

/// <summary>A database engine to run a test on. Every test gets a database of its own, copied from one that is migrated once.</summary>
public abstract class TestEngine : IAsyncDisposable
{
    /// <summary>Settings with which a whole gateway uses this test's database.</summary>
    public abstract IReadOnlyDictionary<string, string> GatewaySettings { get; }

    /// <summary>Makes the database; called once, before anything else.</summary>
    public abstract Task CreateAsync();

    internal abstract Database Open(TimeProvider clock);

    public abstract ValueTask DisposeAsync();
}

public sealed class SqliteEngine : TestEngine
{
    private static readonly Lazy<Task<byte[]>> Migrated = new(MigrateAsync);

    public string Folder { get; } = Directory.CreateTempSubdirectory("tg-").FullName;

    public override IReadOnlyDictionary<string, string> GatewaySettings => new Dictionary<string, string> { ["data-directory"] = Folder };

    public override async Task CreateAsync() => await File.WriteAllBytesAsync(Path.Combine(Folder, "gateway.db"), await Migrated.Value);

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    internal override Database Open(TimeProvider clock) => new SqliteDatabase(Path.Combine(Folder, "gateway.db"), clock);

    private static async Task<byte[]> MigrateAsync()
    {
        var folder = Directory.CreateTempSubdirectory("tg-template-").FullName;
        var path = Path.Combine(folder, "gateway.db");
        await using (var database = new SqliteDatabase(path, TimeProvider.System))
        {
            await database.MigrateAsync();
        }

        var bytes = await File.ReadAllBytesAsync(path);
        Directory.Delete(folder, recursive: true);
        return bytes;
    }
}

public sealed class PostgreSqlEngine : TestEngine
{
    private static readonly Lazy<Task<string>> Template = new(MigrateTemplateAsync);

    private readonly string _name = "tg_" + Guid.NewGuid().ToString("N");
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-").FullName;

    /// <summary>The server that the test command started on loopback.</summary>
    public static string Server => Environment.GetEnvironmentVariable("TG_TEST_POSTGRESQL")
        ?? throw new InvalidOperationException(
            "TG_TEST_POSTGRESQL is not set. Run ./test.sh, which installs and starts a PostgreSQL on loopback, or set it to a connection string.");

    public string ConnectionString => For(_name);

    public override IReadOnlyDictionary<string, string> GatewaySettings => new Dictionary<string, string>
    {
        ["data-directory"] = _folder,
        ["database"] = "postgresql",
        ["postgresql-connection"] = ConnectionString,
    };

    public override async Task CreateAsync() => await AdministerAsync($"CREATE DATABASE {_name} TEMPLATE {await Template.Value}");

    public override async ValueTask DisposeAsync()
    {
        await AdministerAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
        Directory.Delete(_folder, recursive: true);
    }

    internal override Database Open(TimeProvider clock) => new PostgreSqlDatabase(ConnectionString, clock);

    private static string For(string database) => new NpgsqlConnectionStringBuilder(Server) { Database = database, MaxPoolSize = 20 }.ToString();

    private static async Task<string> MigrateTemplateAsync()
    {
        var name = "tg_template_" + Guid.NewGuid().ToString("N");
        await AdministerAsync($"CREATE DATABASE {name}");
        await using (var database = new PostgreSqlDatabase(For(name), TimeProvider.System))
        {
            await database.MigrateAsync();
        }

        NpgsqlConnection.ClearAllPools();
        return name;
    }

    private static async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Server);
        await connection.OpenAsync();
        // To drop a database waits for a checkpoint of all.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
