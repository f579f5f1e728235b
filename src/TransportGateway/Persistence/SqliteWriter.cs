using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace TransportGateway.Persistence;

/// <summary>Hands the one write connection from session to session, and lets those that wait share one commit.</summary>
/// <remarks>
/// A commit on SQLite waits for the disk, so one a session would cap the server at what the disk flushes. Each session
/// works inside a savepoint of the open transaction; the last of a run of waiting sessions, or the sixty-fourth, commits
/// for all. CommitAsync returns only after that shared commit is durable, and fails for all of them if it fails.
/// </remarks>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int MostSessionsPerCommit = 64;

    private readonly SqliteKeptConnection _connection;
    private readonly Dialect _dialect;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _waiting;
    private Batch? _batch;
    private bool _isClosed;

    public SqliteWriter(SqliteKeptConnection connection, Dialect dialect)
    {
        _connection = connection;
        _dialect = dialect;
        Run("PRAGMA journal_mode = WAL");
        Run("PRAGMA synchronous = FULL");
    }

    /// <remarks>Takes no cancellation: a session that is waited for counts on whoever comes next to commit.</remarks>
    public async Task<DbSession> BeginAsync()
    {
        Interlocked.Increment(ref _waiting);
        await _turn.WaitAsync();
        Interlocked.Decrement(ref _waiting);
        if (_isClosed)
        {
            _turn.Release();
            throw new ObjectDisposedException(nameof(SqliteDatabase));
        }

        try
        {
            if (_batch is null)
            {
                Run("BEGIN IMMEDIATE");
                _batch = new Batch();
            }

            Run("SAVEPOINT session");
            return new Session(this, _connection, _dialect);
        }
        catch (Exception exception)
        {
            Abandon(exception);
            _turn.Release();
            throw;
        }
    }

    /// <summary>Commits for those who counted on whoever comes next; who comes next is refused.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (_batch is { } batch)
            {
                Commit(batch);
            }
        }
        catch (Exception exception)
        {
            Abandon(exception);
        }

        _isClosed = true;
        await _connection.DisposeAsync();
        _turn.Release();
    }

    private Task KeepAsync() => End("RELEASE session");

    /// <remarks>What the session saw may be its neighbours' work, so it ends no sooner than that work is durable.</remarks>
    private async Task DiscardAsync() => await End("ROLLBACK TO session", "RELEASE session").ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Ends a session, hands on the turn, and returns what completes when the shared commit is durable.</summary>
    private Task End(params ReadOnlySpan<string> statements)
    {
        var batch = _batch!;
        try
        {
            foreach (var sql in statements)
            {
                Run(sql);
            }

            batch.Sessions++;
            if (Volatile.Read(ref _waiting) == 0 || batch.Sessions >= MostSessionsPerCommit)
            {
                Commit(batch);
            }
        }
        catch (Exception exception)
        {
            Abandon(exception);
        }

        _turn.Release();
        return batch.Durable.Task;
    }

    private void Commit(Batch batch)
    {
        Run("COMMIT");
        _batch = null;
        batch.Durable.SetResult();
    }

    /// <summary>The transaction cannot be finished: everyone who shared it must hear so.</summary>
    private void Abandon(Exception reason)
    {
        var batch = _batch;
        _batch = null;
        try
        {
            Run("ROLLBACK");
        }
        catch (Exception exception) when (exception is SqliteException or InvalidOperationException)
        {
            // SQLite has rolled back by itself, as it does when the disk is full; or the connection is closed, which does the same.
        }

        batch?.Durable.TrySetException(reason);
    }

    private void Run(string sql)
    {
        using var command = ((DbConnection)_connection).CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed class Batch
    {
        public TaskCompletionSource Durable { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Sessions { get; set; }
    }

    private sealed class Session(SqliteWriter writer, SqliteKeptConnection connection, Dialect dialect) : DbSession(connection, transaction: null, dialect)
    {
        private bool _ended;

        public override Task CommitAsync()
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _ended = true;
            NoteCommit();
            return writer.KeepAsync();
        }

        /// <remarks>Who has the one writer has it alone.</remarks>
        public override Task HoldAsync(IEnumerable<string> tables, CancellationToken cancellationToken) => Task.CompletedTask;

        public override async Task CopyInAsync(CopiedTable table, IAsyncEnumerable<object?[]> rows, CancellationToken cancellationToken)
        {
            await using var insert = connection.CreateCommand();
            var values = table.Columns.Select((_, at) => insert.Parameters.Add(new SqliteParameter($"@p{at}", DBNull.Value))).ToArray();
            insert.CommandText = $"INSERT INTO {Dialect.Quote(table.Name)} ({table.ColumnList}) VALUES ({string.Join(", ", values.Select(value => value.ParameterName))})";
            await foreach (var row in rows.WithCancellation(cancellationToken))
            {
                for (var at = 0; at < values.Length; at++)
                {
                    values[at].Value = row[at] ?? DBNull.Value;
                }

                await insert.ExecuteNonQueryAsync(cancellationToken);
            }
        }

        protected override async ValueTask EndAsync()
        {
            if (!_ended)
            {
                _ended = true;
                await writer.DiscardAsync();
            }
        }
    }
}
