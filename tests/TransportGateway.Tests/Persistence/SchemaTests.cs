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
    public async Task Both_engines_end_with_the_same_defaults() => await CompareAsync(
        """
        SELECT m.name || '.' || c.name || ' ' || lower(c.dflt_value)
          FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND lower(m.name) <> 'schemaversions' AND c.dflt_value IS NOT NULL
        """,
        """
        SELECT table_name || '.' || column_name || ' ' || lower(split_part(column_default, '::', 1))
          FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'schemaversions' AND column_default IS NOT NULL
        """);

    [Fact]
    public async Task Both_engines_end_with_the_same_primary_keys() => await CompareAsync(
        """
        SELECT m.name || ' ' || c.pk || ' ' || c.name
          FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND lower(m.name) <> 'schemaversions' AND c.pk > 0
        """,
        """
        SELECT k.table_name || ' ' || k.ordinal_position || ' ' || k.column_name
          FROM information_schema.key_column_usage k JOIN information_schema.table_constraints c USING (constraint_schema, constraint_name)
         WHERE c.constraint_type = 'PRIMARY KEY' AND k.table_schema = 'public' AND k.table_name <> 'schemaversions'
        """);

    [Fact]
    public async Task Both_engines_end_with_the_same_foreign_keys() => await CompareAsync(
        """
        SELECT m.name || '.' || f."from" || ' to ' || f."table" || '.' || f."to" || ' ' || f.on_delete
          FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
         WHERE m.type = 'table'
        """,
        """
        SELECT c.conrelid::regclass || '.' || a.attname || ' to ' || c.confrelid::regclass || '.' || b.attname || ' '
               || (CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'a' THEN 'NO ACTION' ELSE c.confdeltype::text END)
          FROM pg_constraint c
               CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (here, there)
               JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.here
               JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.there
         WHERE c.contype = 'f'
        """);

    [Fact]
    public async Task Both_engines_end_with_the_same_columns_in_their_indexes_unique_and_partial_or_not() => await CompareAsync(
        """
        SELECT m.name || ' (' || (SELECT group_concat(coalesce(i.name, 'expression'), ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno) i) || ')'
               || (CASE l."unique" WHEN 1 THEN ' unique' ELSE '' END) || (CASE l.partial WHEN 1 THEN ' partial' ELSE '' END)
          FROM sqlite_master m JOIN pragma_index_list(m.name) l
         WHERE m.type = 'table' AND lower(m.name) <> 'schemaversions' AND l.origin <> 'pk'
        """,
        """
        SELECT i.indrelid::regclass || ' (' || (SELECT string_agg(CASE i.indkey[k - 1] WHEN 0 THEN 'expression' ELSE pg_get_indexdef(i.indexrelid, k, TRUE) END, ', ' ORDER BY k) FROM generate_series(1, i.indnkeyatts) k) || ')'
               || (CASE WHEN i.indisunique THEN ' unique' ELSE '' END) || (CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END)
          FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> 'schemaversions' AND NOT i.indisprimary
        """);

    [Fact]
    public async Task Both_engines_end_with_as_many_checks_in_each_table() => await CompareAsync(
        """
        SELECT m.name || ' ' || ((length(m.sql) - length(replace(upper(m.sql), 'CHECK (', ''))) / length('CHECK ('))
          FROM sqlite_master m
         WHERE m.type = 'table' AND upper(m.sql) LIKE '%CHECK (%'
        """,
        "SELECT conrelid::regclass || ' ' || COUNT(*) FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace GROUP BY conrelid");

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

    private static async Task CompareAsync(string sqlite, string postgreSql)
    {
        var there = await ReadAsync<SqliteEngine>(sqlite);
        Assert.NotEmpty(there);
        Assert.Equal(there, await ReadAsync<PostgreSqlEngine>(postgreSql));
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
