using System.Data;
using Npgsql;

namespace TransportGateway.Persistence;

/// <summary>PostgreSQL, for a pair of nodes or a database server of its own.</summary>
internal sealed class PostgreSqlDatabase : Database
{
    /// <summary>Any number will do, as long as all versions of the gateway take the same one.</summary>
    private const long MigrationLock = 0x7467_6d69_6772;

    private readonly NpgsqlDataSource _source;

    public PostgreSqlDatabase(string connectionString, TimeProvider clock)
        : base(Dialect.PostgreSql, clock)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "transport-gateway",
            // With a cancellation timeout of -1 a command that was cancelled throws instead of pretending to have finished.
            CancellationTimeout = -1,
            // The hot path repeats a few dozen statements; preparing them spares PostgreSQL most of its planning.
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 3,
            // Sessions make no settings and no temporary tables, and the one lock there is (of a migration) is released where it is taken:
            // there is nothing to reset when a connection is reused.
            NoResetOnClose = true,
        };
        _source = NpgsqlDataSource.Create(settings);
    }

    public override async Task<DbSession> BeginAsync(CancellationToken cancellationToken = default)
    {
        if (IsClosed)
        {
            throw new DatabaseMovedException();
        }

        var connection = await _source.OpenConnectionAsync(cancellationToken);
        try
        {
            return new Session(connection, await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken), Dialect);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public override async Task<DbSession> ReadAsync(CancellationToken cancellationToken = default) =>
        new Session(await _source.OpenConnectionAsync(cancellationToken), transaction: null, Dialect);

    public override bool CanBeStandby => true;

    public override async Task<bool> IsWritableAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await ReadAsync(cancellationToken);
            return !await session.ScalarAsync<bool>("SELECT pg_is_in_recovery()", null, cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            throw Unusable(exception);
        }
    }

    protected override async Task ApplyMigrationsAsync(CancellationToken cancellationToken)
    {
        try
        {
            // DbUp alone is not safe when two nodes start at once; the lock is held on a connection of its own.
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            await using (var take = new NpgsqlCommand($"SELECT pg_advisory_lock({MigrationLock})", connection))
            {
                await take.ExecuteNonQueryAsync(cancellationToken);
            }

            try
            {
                Migrations.Apply(DbUp.DeployChanges.To.PostgresqlDatabase(new DataSourceConnections(_source)));
            }
            finally
            {
                // Also after a failure: a connection goes back to the pool with the locks that it holds.
                await using var release = new NpgsqlCommand($"SELECT pg_advisory_unlock({MigrationLock})", connection);
                await release.ExecuteNonQueryAsync(CancellationToken.None);
            }
        }
        catch (NpgsqlException exception)
        {
            throw Unusable(exception);
        }
    }

    private static DatabaseUnusableException Unusable(NpgsqlException exception) => new(
        $"PostgreSQL cannot be used: {exception.Message}. Check postgresql-connection, that the server runs, and that the role may create tables.", exception);

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private sealed class DataSourceConnections(NpgsqlDataSource source)
        : DbUp.Engine.Transactions.DatabaseConnectionManager(new DbUp.Engine.Transactions.DelegateConnectionFactory(_ => source.CreateConnection()))
    {
        public override IEnumerable<string> SplitScriptIntoCommands(string scriptContents) => [scriptContents];
    }

    private sealed class Session : DbSession
    {
        private readonly NpgsqlConnection _connection;
        private string? _warning;

        public Session(NpgsqlConnection connection, NpgsqlTransaction? transaction, Dialect dialect)
            : base(connection, transaction, dialect)
        {
            _connection = connection;
            if (transaction is not null)
            {
                connection.Notice += Remember;
            }
        }

        public override async Task CommitAsync()
        {
            await Transaction!.CommitAsync(CancellationToken.None);
            if (_warning is not null)
            {
                throw new CommitNotAcknowledgedException(
                    $"PostgreSQL committed without its standby ({_warning}); the change is not acknowledged.");
            }
        }

        public override async Task CopyInAsync(CopiedTable table, IAsyncEnumerable<object?[]> rows, CancellationToken cancellationToken)
        {
            await using var import = await _connection.BeginBinaryImportAsync(
                $"COPY {table.Name} ({string.Join(", ", table.Columns.Select(column => column.Name))}) FROM STDIN (FORMAT BINARY)", cancellationToken);
            await foreach (var row in rows.WithCancellation(cancellationToken))
            {
                await import.StartRowAsync(cancellationToken);
                foreach (var value in row)
                {
                    await (value is null ? import.WriteNullAsync(cancellationToken) : import.WriteAsync(value, cancellationToken));
                }
            }

            await import.CompleteAsync(cancellationToken);
        }

        public override async Task CloseToOthersAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken)
        {
            await ExecuteAsync($"LOCK TABLE {string.Join(", ", tables)} IN EXCLUSIVE MODE", null, cancellationToken);
            // Takes effect with the commit, for every session that begins after it; those that wait for the lock are ended by it.
            await ExecuteAsync($"ALTER DATABASE \"{_connection.Database.Replace("\"", "\"\"", StringComparison.Ordinal)}\" SET default_transaction_read_only = on", null, cancellationToken);
        }

        public override async ValueTask DisposeAsync()
        {
            if (Transaction is not null)
            {
                _connection.Notice -= Remember;
                await Transaction.DisposeAsync();
            }

            await _connection.DisposeAsync();
        }

        private void Remember(object sender, NpgsqlNoticeEventArgs e)
        {
            if (e.Notice.SqlState == PostgresErrorCodes.Warning)
            {
                _warning = e.Notice.MessageText;
            }
        }
    }
}
