using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Persistence;

/// <summary>One set of migrations must come out the same on both engines.</summary>
public sealed class SchemaTests
{
    [Fact]
    public async Task Both_engines_end_with_the_same_columns()
    {
        var sqlite = await ReadAsync<SqliteEngine>(
            """
            SELECT m.name || '.' || lower(c.name) || ' ' || replace(lower(c.type), 'bytea', 'blob') || ' ' || (CASE WHEN c."notnull" = 1 THEN 'not null' ELSE 'null' END)
              FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND lower(m.name) <> 'schemaversions'
            """);
        var postgreSql = await ReadAsync<PostgreSqlEngine>(
            """
            SELECT table_name || '.' || column_name || ' ' || replace(data_type, 'bytea', 'blob') || ' ' || (CASE WHEN is_nullable = 'NO' THEN 'not null' ELSE 'null' END)
              FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name <> 'schemaversions'
            """);

        Assert.NotEmpty(sqlite);
        Assert.Equal(sqlite, postgreSql);
    }

    [Fact]
    public async Task Both_engines_end_with_the_same_named_indexes()
    {
        var sqlite = await ReadAsync<SqliteEngine>("SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'");
        var postgreSql = await ReadAsync<PostgreSqlEngine>(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key' AND tablename <> 'schemaversions'");

        Assert.NotEmpty(sqlite);
        Assert.Equal(sqlite, postgreSql);
    }

    [Fact]
    public async Task Two_nodes_that_start_at_once_migrate_an_empty_database_together()
    {
        var name = "tg_start_" + Guid.NewGuid().ToString("N");
        await using var administration = new Npgsql.NpgsqlConnection(PostgreSqlEngine.Server);
        await administration.OpenAsync();
        await using (var create = new Npgsql.NpgsqlCommand($"CREATE DATABASE {name}", administration))
        {
            await create.ExecuteNonQueryAsync();
        }

        var connection = new Npgsql.NpgsqlConnectionStringBuilder(PostgreSqlEngine.Server) { Database = name, Pooling = false }.ToString();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            await using var database = new PostgreSqlDatabase(connection, TimeProvider.System);
            await Task.Run(() => database.MigrateAsync());
        }));

        await using var drop = new Npgsql.NpgsqlCommand($"DROP DATABASE {name} WITH (FORCE)", administration);
        await drop.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task A_migration_that_failed_lets_the_next_node_try()
    {
        await using var engine = new PostgreSqlEngine();
        await engine.CreateAsync();
        await using var database = engine.Open(TimeProvider.System);
        await using (var session = await database.BeginAsync())
        {
            // The journal forgets a script whose tables are there: it cannot be applied again.
            await session.ExecuteAsync("DELETE FROM schemaversions", null, CancellationToken.None);
            await session.CommitAsync();
        }

        await Assert.ThrowsAsync<DatabaseUnusableException>(() => database.MigrateAsync());

        await using var reading = await database.ReadAsync();
        Assert.Equal(0L, await reading.ScalarAsync<long>(
            "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", null, CancellationToken.None));
    }

    private static async Task<IEnumerable<string>> ReadAsync<TEngine>(string sql)
        where TEngine : TestEngine, new()
    {
        await using var engine = new TEngine();
        await engine.CreateAsync();
        await using var database = engine.Open(TimeProvider.System);
        await using var session = await database.ReadAsync();
        return [.. (await session.QueryAsync<string>(sql, null, CancellationToken.None)).Order(StringComparer.Ordinal)];
    }
}
