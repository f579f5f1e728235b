using Npgsql;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Persistence;

/// <summary>PostgreSQL answers a cancelled wait for its synchronous standby with success; the gateway must not believe it.</summary>
public sealed class UnacknowledgedCommitTests
{
    [Theory]
    [InlineData("by itself")]
    [InlineData("with the last statement")]
    public async Task A_commit_that_no_standby_confirmed_is_not_acknowledged(string sent)
    {
        var server = Environment.GetEnvironmentVariable("TG_TEST_POSTGRESQL_LONELY")
            ?? throw new InvalidOperationException("TG_TEST_POSTGRESQL_LONELY is not set. Run ./test.sh, which starts a PostgreSQL that waits for a standby.");
        var name = "tg_lonely_" + Guid.NewGuid().ToString("N")[..8];
        await using var administration = new NpgsqlConnection(server);
        await administration.OpenAsync();
        await RunAsync(administration, "SET synchronous_commit = local");
        await RunAsync(administration, $"CREATE DATABASE {name}");
        var connection = new NpgsqlConnectionStringBuilder(server) { Database = name };

        await using (var setUp = new NpgsqlConnection(connection.ToString()))
        {
            await setUp.OpenAsync();
            await RunAsync(setUp, "SET synchronous_commit = local");
            await RunAsync(setUp, "CREATE TABLE notes (text TEXT NOT NULL)");
        }

        await using var database = new PostgreSqlDatabase(connection.ToString(), TimeProvider.System);
        await using (var session = await database.BeginAsync())
        {
            const string Add = "INSERT INTO notes VALUES (@Text)";
            await session.ExecuteAsync(Add, new { Text = "acknowledged?" }, CancellationToken.None);
            var commit = sent == "by itself" ? session.CommitAsync() : session.CommitAsync(Add, new { Text = "nor this" });
            await CancelWaitAsync(administration, name);

            var exception = await Assert.ThrowsAsync<CommitNotAcknowledgedException>(() => commit);
            Assert.Contains("not acknowledged", exception.Message, StringComparison.Ordinal);
        }

        await RunAsync(administration, $"DROP DATABASE {name} WITH (FORCE)");
    }

    /// <summary>Waits until the commit waits for its standby, then cancels the wait as a timeout or an operator would.</summary>
    private static async Task CancelWaitAsync(NpgsqlConnection administration, string database)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            await using var command = new NpgsqlCommand(
                $"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event = 'SyncRep'", administration);
            if (await command.ExecuteScalarAsync(patience.Token) is true)
            {
                return;
            }
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
