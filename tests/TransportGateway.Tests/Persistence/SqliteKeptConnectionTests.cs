using System.Data.Common;
using Microsoft.Data.Sqlite;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Persistence;

/// <summary>Statements that are compiled once and kept must behave as if each were new.</summary>
public sealed class SqliteKeptConnectionTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-").FullName;
    private SqliteDatabase _database = null!;

    private string File => Path.Combine(_folder, "notes.db");

    public async Task InitializeAsync()
    {
        _database = new SqliteDatabase(File, TimeProvider.System);
        await WriteAsync("CREATE TABLE notes (text TEXT, size INTEGER)", new { });
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_statement_runs_again_with_other_values_and_sees_what_was_committed_meanwhile()
    {
        const string Add = "INSERT INTO notes VALUES (@Text, @Size)";
        const string Count = "SELECT COUNT(*) FROM notes WHERE text IS @Text";
        await WriteAsync(Add, new { Text = "a", Size = 1 });
        Assert.Equal((1L, 0L), (await ReadAsync(Count, "a"), await ReadAsync(Count, null)));

        await WriteAsync(Add, new { Text = (string?)null, Size = "large" });
        await WriteAsync(Add, new { Text = "a", Size = 2.5 });

        Assert.Equal((2L, 1L), (await ReadAsync(Count, "a"), await ReadAsync(Count, null)));
    }

    [Fact]
    public async Task A_statement_outlives_a_change_of_its_table()
    {
        const string Sum = "SELECT SUM(size) FROM notes WHERE text IS NOT @Text";
        await WriteAsync("INSERT INTO notes VALUES (@Text, @Size)", new { Text = "a", Size = 7 });
        Assert.Equal(7, await ReadAsync(Sum, null));

        await WriteAsync("DROP TABLE notes", new { });
        await WriteAsync("CREATE TABLE notes (id INTEGER PRIMARY KEY, size INTEGER DEFAULT 5, text TEXT)", new { });
        await WriteAsync("INSERT INTO notes (text) VALUES (@Text)", new { Text = "b" });

        Assert.Equal(5, await ReadAsync(Sum, null));
    }

    [Fact]
    public async Task A_read_that_was_given_up_half_way_holds_nothing_back()
    {
        await WriteAsync("INSERT INTO notes VALUES (@A, 1), (@B, 2)", new { A = "a", B = "b" });
        await using (var session = await _database.ReadAsync())
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => session.QueryTogetherAsync<int>(
                "SELECT text FROM notes; SELECT size FROM notes", new { }, _ => throw new InvalidOperationException("Enough."), CancellationToken.None));
            Assert.Equal(2, await session.ScalarAsync<long>("SELECT COUNT(*) FROM notes", null, CancellationToken.None));
        }

        await WriteAsync("DELETE FROM notes", new { });

        await using var other = new SqliteConnection($"Data Source={File};Pooling=False");
        await other.OpenAsync();
        await using var checkpoint = other.CreateCommand();
        checkpoint.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
        await using var result = await checkpoint.ExecuteReaderAsync();
        Assert.True(await result.ReadAsync());
        Assert.Equal(0, result.GetInt64(0));
    }

    [Fact]
    public async Task A_statement_that_failed_works_the_next_time()
    {
        const string Add = "INSERT INTO notes (size) VALUES (@Size)";
        await WriteAsync("CREATE UNIQUE INDEX one_of_a_size ON notes (size)", new { });
        await WriteAsync(Add, new { Size = 1 });
        await Assert.ThrowsAnyAsync<DbException>(() => WriteAsync(Add, new { Size = 1 }));

        await WriteAsync(Add, new { Size = 2 });

        Assert.Equal(2, await ReadAsync("SELECT COUNT(*) FROM notes WHERE text IS @Text", null));
    }

    [Fact]
    public async Task A_database_that_is_closed_is_one_whole_file()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "closed")).FullName;
        await using (var database = new SqliteDatabase(Path.Combine(folder, "notes.db"), TimeProvider.System))
        {
            await database.MigrateAsync();
            await using (var writing = await database.BeginAsync())
            {
                await writing.CommitAsync("DELETE FROM events WHERE kind = @Kind", new { Kind = "none" });
            }

            var sessions = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => database.ReadAsync()));
            foreach (var session in sessions)
            {
                Assert.Equal(0, await session.ScalarAsync<long>("SELECT COUNT(*) FROM events", null, CancellationToken.None));
                await session.DisposeAsync();
            }
        }

        Assert.Equal(["notes.db"], Directory.GetFiles(folder).Select(Path.GetFileName));
    }

    private async Task WriteAsync(string sql, object parameters)
    {
        await using var session = await _database.BeginAsync();
        await session.CommitAsync(sql, parameters);
    }

    private async Task<long> ReadAsync(string sql, string? text)
    {
        await using var session = await _database.ReadAsync();
        return await session.ScalarAsync<long>(sql, new { Text = text }, CancellationToken.None);
    }
}
