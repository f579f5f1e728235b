using System.Net;
using System.Net.Http.Json;
using Npgsql;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary>A move that is not to be, or that cannot be proved: a sentence says why, and both sides are as before.</summary>
public sealed class MoveRefusalTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("nonsense", "That is no connection string of PostgreSQL.")]
    [InlineData("", "That is no connection string of PostgreSQL.")]
    [InlineData("Host=db;Password=open-sesame;Colour=open-sesame", "That is no connection string of PostgreSQL.")]
    [InlineData("Host=127.0.0.1;Port=1;Username=gateway;Password=open-sesame", "PostgreSQL cannot be used")]
    public async Task A_target_that_cannot_be_reached_is_named_without_its_connection_string(string connection, string sentence)
    {
        var file = Path.Combine(_gateway.Gateway.Directory.Path, "target");
        await File.WriteAllTextAsync(file, connection + "\n");

        var refusal = await RefusedAsync(file);

        Assert.Contains(sentence, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("postgresql-connection", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(TargetDatabase.Password, refusal + string.Concat(_gateway.Log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_standby_is_no_target()
    {
        await using var pair = await PostgreSqlPair.StartAsync();
        var file = Path.Combine(_gateway.Gateway.Directory.Path, "target");
        await File.WriteAllTextAsync(file, pair.Standby);
        Assert.Contains("only follows another database", await RefusedAsync(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_that_the_gateway_uses_is_no_target_by_whatever_name_it_is_dialled()
    {
        await using var gateway = await TestGateway.StartAsync<PostgreSqlEngine>();
        var file = Path.Combine(gateway.Gateway.Directory.Path, "target");
        await File.WriteAllTextAsync(file, gateway.Setting("postgresql-connection").Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        Assert.Contains("The target is the database that this gateway uses already.", await gateway.TgctlRefusedAsync("database", "migrate", "--to-file", file, "--yes"), StringComparison.Ordinal);
        await gateway.CreateTokenAsync();
    }

    [Fact]
    public async Task A_target_with_a_row_is_refused_by_table_and_count_and_keeps_it()
    {
        await using var target = await TargetDatabase.CreateWithTablesAsync();
        await target.ExecuteAsync("INSERT INTO former_tokens (secret_hash) VALUES ('one'), ('two')");
        Assert.Contains("The target is not empty: its table former_tokens has 2 row(s).", await RefusedAsync(target.File), StringComparison.Ordinal);
        Assert.Equal(2, await target.ScalarAsync<long>("SELECT count(*) FROM former_tokens"));
    }

    [Theory]
    [InlineData("CREATE TABLE users (id TEXT); INSERT INTO users VALUES ('somebody')", "its table users has 1 row(s)")]
    [InlineData("CREATE TABLE \"Odd \"\" name\" (id TEXT); INSERT INTO \"Odd \"\" name\" VALUES ('somebody')", "its table Odd \" name has 1 row(s)")]
    [InlineData("CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY)", "The target has the table notes, which this database lacks.")]
    [InlineData("CREATE TABLE accounts (id TEXT)", "0001_foundation.sql failed")]
    public async Task Somebody_elses_database_is_refused_and_gets_no_tables(string theirs, string sentence)
    {
        await using var target = await TargetDatabase.CreateAsync();
        await target.ExecuteAsync(theirs);
        Assert.Contains(sentence, await RefusedAsync(target.File), StringComparison.Ordinal);
        Assert.Equal(1, await target.TablesAsync());
    }

    [Theory]
    [InlineData("INSERT INTO schemaversions (scriptname, applied) VALUES ('Migrations/9999_later.sql', now())", "it has Migrations/9999_later.sql")]
    [InlineData("ALTER TABLE accounts ADD COLUMN colour TEXT", "The target has the column accounts.colour, which this database lacks.")]
    [InlineData("ALTER TABLE accounts DROP COLUMN relay_allowed", "This database has the column accounts.relay_allowed, which no migration makes.")]
    [InlineData("DROP TABLE former_tokens", "This database has the table former_tokens, which no migration makes.")]
    public async Task Another_schema_at_the_target_is_refused(string change, string sentence)
    {
        await using var target = await TargetDatabase.CreateWithTablesAsync();
        await target.ExecuteAsync(change);
        Assert.Contains(sentence, await RefusedAsync(target.File), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CREATE TABLE scratch (id TEXT NOT NULL PRIMARY KEY)", "This database has the table scratch, which no migration makes.")]
    [InlineData("INSERT INTO refused_messages VALUES ('1', 'soon', '', '', '', x'00')", "The table refused_messages cannot be moved: its column received_at is bigint and holds a String that is none.")]
    [InlineData("INSERT INTO refused_messages VALUES ('1', 1.5, '', '', '', x'00')", "The table refused_messages cannot be moved: its column received_at is bigint and holds a Double that is none.")]
    [InlineData("UPDATE accounts SET synchronization_needed = 2", "its column synchronization_needed is boolean and holds a Int64 that is none.")]
    [InlineData("INSERT INTO refused_messages VALUES ('1', 0, '', '', x'00', x'00')", "its column reason is text and holds a Byte[] that is none.")]
    [InlineData("UPDATE accounts SET created_by = 'a' || char(0)", "The table accounts cannot be moved: 22021")]
    public async Task What_the_schema_does_not_provide_for_is_named_rather_than_bent(string change, string sentence)
    {
        await using var target = await TargetDatabase.CreateAsync();
        await _gateway.WriteAsync((session, _) => session.ExecuteAsync(change, null, CancellationToken.None));
        Assert.Contains(sentence, await RefusedAsync(target.File), StringComparison.Ordinal);
        Assert.Equal(0, await target.TablesAsync());
    }

    [Fact]
    public async Task A_copy_that_the_target_alters_is_found_in_every_table_and_not_kept()
    {
        await using var target = await TargetDatabase.CreateWithTablesAsync();
        await target.ExecuteAsync(
            """
            CREATE FUNCTION alter_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.description := NEW.description || ' '; RETURN NEW; END $$;
            CREATE TRIGGER alter_row BEFORE INSERT ON virtual_accounts FOR EACH ROW EXECUTE FUNCTION alter_row();
            CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER drop_row BEFORE INSERT ON setup_codes FOR EACH ROW EXECUTE FUNCTION drop_row();
            """);

        var refusal = (await RefusedAsync(target.File)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Contains("What arrived is not what was sent, so nothing was changed.", refusal[0], StringComparison.Ordinal);
        Assert.Equal(3, refusal.Length);
        Assert.Matches(@"^setup_codes: 1 row\(s\) with checksum \w{64} were sent, 0 with \w{64} arrived", Assert.Single(refusal, line => line.StartsWith("setup_codes", StringComparison.Ordinal)));
        Assert.Matches(@"^virtual_accounts: 1 row\(s\) with checksum \w{64} were sent, 1 with \w{64} arrived", Assert.Single(refusal, line => line.StartsWith("virtual_accounts", StringComparison.Ordinal)));
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT (SELECT count(*) FROM virtual_accounts) + (SELECT count(*) FROM accounts) + (SELECT count(*) FROM events)"));
    }

    [Fact]
    public async Task A_target_that_fails_at_the_commit_leaves_the_gateway_as_it_was()
    {
        await using var target = await TargetDatabase.CreateWithTablesAsync();
        await target.ExecuteAsync(
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$;
            CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
            """);
        Assert.Contains("The target did not commit, nothing was changed: P0001: no room", await RefusedAsync(target.File), StringComparison.Ordinal);
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM accounts"));
    }

    [Fact]
    public async Task Only_who_may_manage_the_database_of_the_whole_gateway_moves_it()
    {
        await using var target = await TargetDatabase.CreateAsync();
        using var own = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ManageDatabase);
        using var others = await _gateway.RestClientAsync(null, [.. Enum.GetValues<Permission>().Except([Permission.ManageDatabase])]);
        foreach (var client in new[] { own, others })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/api/v2/database/migration", new { connection = target.ConnectionString })).StatusCode);
        }

        Assert.Equal(0, await target.TablesAsync());
        using var administrator = await _gateway.RestClientAsync(null, Permission.ManageDatabase);
        Assert.Equal(HttpStatusCode.BadRequest, (await administrator.PostAsJsonAsync("/api/v2/database/migration", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await administrator.PostAsJsonAsync("/api/v2/database/migration", new { connection = target.ConnectionString })).StatusCode);
    }

    [Fact]
    public async Task A_move_that_no_standby_confirmed_is_not_called_done()
    {
        var server = Environment.GetEnvironmentVariable("TG_TEST_POSTGRESQL_LONELY")
            ?? throw new InvalidOperationException("TG_TEST_POSTGRESQL_LONELY is not set. Run ./test.sh, which starts a PostgreSQL that waits for a standby.");
        await using var target = await TargetDatabase.CreateAsync(server, "Command Timeout=15");

        var sentence = await _gateway.TgctlRefusedAsync("database", "migrate", "--to-file", target.File, "--yes");

        Assert.Contains("Every row is at the target, but its standby did not confirm that", sentence, StringComparison.Ordinal);
        await _gateway.Gateway.WaitForShutdownAsync();
        Assert.True(File.Exists(Mark));
        Assert.Equal(1, await target.ScalarAsync<long>($"SELECT count(*) FROM events WHERE kind = '{EventKinds.DatabaseMigrated}'"));
    }

    [Fact]
    public async Task Sequences_go_on_behind_the_last_row()
    {
        const string Tables = "CREATE TABLE numbered (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price NUMERIC); CREATE TABLE unused (id BIGSERIAL PRIMARY KEY);";
        await using var gateway = await TestGateway.StartAsync<PostgreSqlEngine>();
        await using (var connection = new NpgsqlConnection(gateway.Setting("postgresql-connection")))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(Tables + "INSERT INTO numbered (price) VALUES (1.50), (NULL), (-0.000001)", connection);
            await command.ExecuteNonQueryAsync();
        }

        await using var target = await TargetDatabase.CreateWithTablesAsync();
        await target.ExecuteAsync(Tables);
        await gateway.TgctlDoneAsync("database", "migrate", "--to-file", target.File, "--yes");

        Assert.Equal(4, await target.ScalarAsync<long>("INSERT INTO numbered (price) VALUES (0) RETURNING id"));
        Assert.Equal(1, await target.ScalarAsync<long>("INSERT INTO unused DEFAULT VALUES RETURNING id"));
        Assert.Equal(1.50m, await target.ScalarAsync<decimal>("SELECT price FROM numbered WHERE id = 1"));
    }

    private string Mark => _gateway.Gateway.Directory.Database + ".moved";

    /// <summary>The sentence; and that the gateway serves as before.</summary>
    private async Task<string> RefusedAsync(string file)
    {
        var sentence = await _gateway.TgctlRefusedAsync("database", "migrate", "--to-file", file, "--yes");
        Assert.False(File.Exists(Mark));
        await _gateway.CreateTokenAsync();
        Assert.Contains("SQLite", await _gateway.TgctlDoneAsync("status"), StringComparison.Ordinal);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.DatabaseMigrated));
        return sentence;
    }
}
