using DbUp;
using Microsoft.Data.Sqlite;

namespace TransportGateway.Persistence;

/// <summary>The embedded default: one file, many readers, one writer whose commits may be shared.</summary>
internal sealed class SqliteDatabase : Database
{
    private readonly string _connectionString;
    private readonly Lazy<SqliteWriter> _writer;

    public SqliteDatabase(string path, TimeProvider clock)
        : base(Dialect.Sqlite, clock)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, DefaultTimeout = 10 }.ToString();
        _writer = new Lazy<SqliteWriter>(() => new SqliteWriter(Open(), Dialect));
    }

    public override async Task<DbSession> BeginAsync(CancellationToken cancellationToken = default)
    {
        var session = await _writer.Value.BeginAsync();
        if (!IsClosed)
        {
            return session;
        }

        // It waited while the data were moved.
        await session.DisposeAsync();
        throw new DatabaseMovedException();
    }

    public override Task<DbSession> ReadAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<DbSession>(new ReadSession(Open(), Dialect));

    public override bool CanBeStandby => false;

    public override async Task<bool> IsWritableAsync(CancellationToken cancellationToken)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.ScalarAsync<long>("SELECT 1", null, cancellationToken) == 1;
    }

    protected override Task ApplyMigrationsAsync(CancellationToken cancellationToken)
    {
        try
        {
            Migrations.Apply(DeployChanges.To.SqliteDatabase(_connectionString));
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
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        return connection;
    }

    private sealed class ReadSession(SqliteConnection connection, Dialect dialect) : DbSession(connection, transaction: null, dialect)
    {
        public override Task CommitAsync() => throw new InvalidOperationException("This session only reads.");

        public override ValueTask DisposeAsync() => Connection.DisposeAsync();
    }
}
