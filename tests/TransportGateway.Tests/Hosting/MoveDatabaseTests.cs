using System.Text.Json.Nodes;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary><c>tgctl database migrate</c> on a gateway with something in every table: everything arrives, is proved, and serves.</summary>
public abstract class MoveDatabaseTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_gateway_on_the_target_serves_the_same_products()
    {
        await using var populated = await PopulatedGateway.StartAsync<TEngine>();
        var gateway = populated.Gateway;
        await using var target = await TargetDatabase.CreateAsync();
        var (fingerprint, licences, instances) = (gateway.Gateway.Fingerprint, await LicencesAsync(populated), await InstancesAsync(gateway));
        Assert.NotEmpty(licences);

        await gateway.TgctlDoneAsync("database", "migrate", "--to-file", target.File, "--yes");
        await gateway.RestartAsync(("database", "postgresql"), ("postgresql-connection", target.ConnectionString));

        Assert.Equal("PostgreSQL", gateway.Database.Dialect.Name);
        Assert.Equal(fingerprint, gateway.Gateway.Fingerprint);
        Assert.Equal(licences, await LicencesAsync(populated));
        Assert.Equal(instances, await InstancesAsync(gateway));
        Assert.IsType<ProductResult.Accepted>(await populated.Product.AuthorizeAsync());
        Assert.IsType<ProductResult.Accepted>(await populated.Product.RenewIdCertificateAsync());
        Assert.IsType<ProductResult.Accepted>(await populated.Relayed.AuthorizeAsync());
        var newcomer = gateway.Product(SeedProducts.Pi37);
        Assert.IsType<ProductResult.Accepted>(await newcomer.RegisterAsync(populated.Token));
        Assert.IsType<ProductResult.Accepted>(await newcomer.AuthorizeAsync());
        Assert.Contains("Zürich 東京", await gateway.TgctlDoneAsync("account", "list"), StringComparison.Ordinal);
        var moved = Assert.Single(await gateway.EventsAsync(EventKinds.DatabaseMigrated));
        Assert.Contains($"were moved from {(typeof(TEngine) == typeof(SqliteEngine) ? "SQLite" : "PostgreSQL")}; counts and checksums agree.", moved.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_row_of_every_table_arrives_and_the_answer_counts_them()
    {
        await using var populated = await PopulatedGateway.StartAsync<TEngine>();
        await using var target = await TargetDatabase.CreateWithTablesAsync();
        // As in a database that sorts as Germans do; checksums go by bytes.
        await target.ExecuteAsync("CREATE COLLATION german (provider = icu, locale = 'de-DE'); ALTER TABLE refused_messages ALTER COLUMN id TYPE TEXT COLLATE german");

        var answer = JsonNode.Parse(await populated.Gateway.TgctlDoneAsync("database", "migrate", "--to-file", target.File, "--yes", "-o", "json"))!;

        await using var there = new PostgreSqlDatabase(target.ConnectionString, TimeProvider.System);
        var (was, now) = (await DatabaseText.OfAsync(populated.Gateway.Database), await DatabaseText.OfAsync(there));
        var events = now["events"].Except(was["events"]).ToArray();
        Assert.Contains(EventKinds.DatabaseMigrated, Assert.Single(events), StringComparison.Ordinal);
        now["events"] = [.. now["events"].Except(events)];
        Assert.Equal(was, now);
        // A table that is empty proves nothing about how its rows are moved: whoever adds one fills it in PopulatedGateway.
        Assert.Empty(was.Where(table => table.Value.Length == 0).Select(table => table.Key));
        Assert.Equal(
            was.ToDictionary(table => table.Key, table => table.Value.LongLength),
            answer["tables"]!.AsArray().ToDictionary(table => table!["table"]!.ToString(), table => table!["rows"]!.GetValue<long>()));
        Assert.All(answer["tables"]!.AsArray(), table => Assert.Matches("^[0-9a-f]{64}$", table!["checksum"]!.ToString()));
    }

    [Fact]
    public async Task The_old_database_is_not_served_again_until_someone_says_so()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await using var target = await TargetDatabase.CreateAsync();

        await gateway.TgctlDoneAsync("database", "migrate", "--to-file", target.File, "--yes");
        await gateway.Gateway.WaitForShutdownAsync();
        await Assert.ThrowsAsync<DatabaseMovingException>(() => gateway.Database.BeginAsync());

        var sentence = (await Assert.ThrowsAsync<DatabaseMovedException>(() => gateway.RestartAsync())).Message;
        Assert.Matches(@"was moved to \S+( one)? at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\. Set .*postgresql-connection to where it went; or, to go back to what it was at that time, (delete|run)", sentence);
        await GoBackAsync(gateway, sentence);
        await gateway.RestartAsync();
        Assert.Empty(await gateway.EventsAsync(EventKinds.DatabaseMigrated));
        await gateway.CreateTokenAsync();
    }

    [Fact]
    public async Task The_console_shows_tables_rows_and_checksums_and_never_the_connection()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await using var target = await TargetDatabase.CreateAsync();

        var text = await gateway.TgctlDoneAsync("database", "migrate", "--to-file", target.File, "--yes");

        Assert.Matches(@"\n\s+Table\s+Rows\s+SHA-256", text);
        Assert.Matches(@"\n\s+virtual_accounts\s+1\s+[0-9a-f]{64}\s", text);
        Assert.Matches(@"\n\d+ tables were moved; counts and checksums agree on both sides\.\r?\nThe gateway stops now\. Set database to postgresql and postgresql-connection to the new database", text);
        await gateway.Gateway.WaitForShutdownAsync();
        Assert.DoesNotContain(TargetDatabase.Password, text, StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains(TargetDatabase.Password, StringComparison.Ordinal));
        Assert.Equal(0, await target.ScalarAsync<long>($"SELECT count(*) FROM events WHERE message LIKE '%{TargetDatabase.Password}%'"));
    }

    [Fact]
    public async Task Nothing_happens_without_a_yes()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await using var target = await TargetDatabase.CreateAsync();

        Assert.Contains("Nothing was changed.", await gateway.TgctlRefusedAsync("database", "migrate", "--to-file", target.File), StringComparison.Ordinal);

        Assert.Equal(0, await target.TablesAsync());
        await gateway.CreateTokenAsync();
    }

    /// <summary>As the sentence says.</summary>
    private static async Task GoBackAsync(TestGateway gateway, string sentence)
    {
        if (typeof(TEngine) == typeof(SqliteEngine))
        {
            File.Delete(sentence[(sentence.IndexOf("delete ", StringComparison.Ordinal) + "delete ".Length)..].TrimEnd('.'));
            return;
        }

        await using var connection = new Npgsql.NpgsqlConnection(gateway.Setting("postgresql-connection"));
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(sentence[sentence.IndexOf("DROP FUNCTION", StringComparison.Ordinal)..], connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<IReadOnlyList<string>> LicencesAsync(PopulatedGateway populated)
    {
        var virtualAccount = (await populated.Gateway.ReadAsync(session => new TransportGateway.Accounts.VirtualAccounts(session).ListAsync(populated.Account.Id, CancellationToken.None)))[0];
        return [.. (await new ListLicenses(populated.Gateway.Database).ExecuteAsync(populated.Account.Id, virtualAccount.Id, CancellationToken.None)).Select(licence => licence.ToString())];
    }

    private static async Task<IReadOnlyList<string>> InstancesAsync(TestGateway gateway) => [.. (await gateway.InstancesAsync()).Select(instance => $"{instance.Id} {instance.HostName} {instance.AuthorizationStatus} {instance.RegisteredAt}")];
}

public sealed class MoveDatabaseFromSqlite : MoveDatabaseTests<SqliteEngine>;

public sealed class MoveDatabaseFromPostgreSql : MoveDatabaseTests<PostgreSqlEngine>;
