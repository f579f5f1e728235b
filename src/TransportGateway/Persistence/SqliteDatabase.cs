using System.Collections.Concurrent;
using System.Text;
using DbUp;
using Microsoft.Data.Sqlite;

namespace TransportGateway.Persistence;

/// <summary>The embedded default: one file, many readers, one writer whose commits may be shared.</summary>
internal sealed class SqliteDatabase : Database
{
    private const int MostIdleReaders = 16;

    private readonly string _connectionString;
    private readonly string _movedMark;
    private readonly Lazy<SqliteWriter> _writer;
    private readonly ConcurrentQueue<SqliteKeptConnection> _readers = [];
    private volatile bool _keepsNone;

    /// <param name="isShortLived">Nothing of it is kept open: when it is disposed, the one file is whole and nobody's.</param>
    public SqliteDatabase(string path, TimeProvider clock, bool isShortLived = false)
        : base(Dialect.Sqlite, clock)
    {
        // What this pools are connections with all that they have compiled.
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, DefaultTimeout = 10, Pooling = false }.ToString();
        _keepsNone = isShortLived;
        _movedMark = path + ".moved";
        _writer = new Lazy<SqliteWriter>(() => new SqliteWriter(Open(), Dialect));
    }

    public override Task<DbSession> ReadAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<DbSession>(new ReadSession(this, TakeReader()));

    public override Task<DbSession> ReadSnapshotAsync(CancellationToken cancellationToken)
    {
        var connection = TakeReader();
        return Task.FromResult<DbSession>(new ReadSession(this, connection, connection.BeginTransaction(deferred: true)));
    }

    public override bool CanBeStandby => false;

    public override async Task<bool> IsWritableAsync(CancellationToken cancellationToken)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.ScalarAsync<long>("SELECT 1", null, cancellationToken) == 1;
    }

    public override async Task MarkMovedAsync(DbSession alone, DateTimeOffset now)
    {
        await using var file = new FileStream(_movedMark, FileMode.Create, FileAccess.Write);
        await file.WriteAsync(Encoding.UTF8.GetBytes($"This database was moved to PostgreSQL at {now:yyyy-MM-dd HH:mm:ss} UTC.\n"));
        file.Flush(flushToDisk: true);
    }

    public override Task UnmarkMovedAsync()
    {
        File.Delete(_movedMark);
        return Task.CompletedTask;
    }

    public override async Task<string?> FindMoveAsync(CancellationToken cancellationToken) => File.Exists(_movedMark)
        ? $"{(await File.ReadAllTextAsync(_movedMark, cancellationToken)).Trim()} Set database to postgresql, and postgresql-connection to where it went; or, to go back to what it was at that time, delete {_movedMark}."
        : null;

    /// <remarks>Not cancelled while it waits for its turn, see there.</remarks>
    protected override Task<DbSession> OpenWriterAsync(CancellationToken cancellationToken) => _writer.Value.BeginAsync();

    protected override Task ApplyMigrationsAsync(CancellationToken cancellationToken)
    {
        try
        {
            Migrations.Apply(DeployChanges.To.SqliteDatabase(_connectionString).WithTransactionPerScript());
            return Task.CompletedTask;
        }
        catch (SqliteException exception)
        {
            throw new DatabaseUnusableException($"The database file cannot be used: {exception.Message}. Check data-directory and its rights.", exception);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_writer.IsValueCreated)
        {
            await _writer.Value.DisposeAsync();
        }

        _keepsNone = true;
        await CloseIdleAsync();
    }

    private SqliteKeptConnection TakeReader() => _readers.TryDequeue(out var reader) ? reader : Open();

    private async ValueTask GiveBackAsync(SqliteKeptConnection reader)
    {
        if (_readers.Count >= MostIdleReaders)
        {
            await reader.DisposeAsync();
            return;
        }

        _readers.Enqueue(reader);
        if (_keepsNone)
        {
            await CloseIdleAsync();
        }
    }

    private async Task CloseIdleAsync()
    {
        while (_readers.TryDequeue(out var reader))
        {
            await reader.DisposeAsync();
        }
    }

    private SqliteKeptConnection Open()
    {
        var connection = new SqliteKeptConnection(_connectionString);
        connection.Open();
        return connection;
    }

    private sealed class ReadSession(SqliteDatabase owner, SqliteKeptConnection connection, SqliteTransaction? transaction = null)
        : DbSession(connection, transaction, owner.Dialect)
    {
        public override Task CommitAsync() => throw new InvalidOperationException("This session only reads.");

        public override Task HoldAsync(IEnumerable<string> tables, CancellationToken cancellationToken) => throw new InvalidOperationException("This session only reads.");

        public override Task CopyInAsync(CopiedTable table, IAsyncEnumerable<object?[]> rows, CancellationToken cancellationToken) => throw new InvalidOperationException("This session only reads.");

        protected override async ValueTask EndAsync()
        {
            if (Transaction is not null)
            {
                await Transaction.DisposeAsync();
            }

            await owner.GiveBackAsync(connection);
        }
    }
}
