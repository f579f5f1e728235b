using System.Data;
using System.Diagnostics.CodeAnalysis;
using DbUp;
using DbUp.Engine.Transactions;
using Npgsql;

namespace TransportGateway.Persistence;

/// <summary>A session on PostgreSQL, which can also be the one that takes in what another database has.</summary>
internal sealed class PostgreSqlSession : DbSession
{
    /// <summary>For one table; the time for the whole move is bounded elsewhere.</summary>
    private static readonly TimeSpan LongestCopy = TimeSpan.FromHours(1);

    private readonly NpgsqlConnection _connection;
    private string? _warning;

    public PostgreSqlSession(NpgsqlConnection connection, NpgsqlTransaction? transaction)
        : base(connection, transaction, Dialect.PostgreSql)
    {
        _connection = connection;
        if (transaction is not null)
        {
            connection.Notice += Remember;
        }
    }

    /// <summary>Its name, by which to ask later what became of it.</summary>
    public async Task<string> TransactionAsync(CancellationToken cancellationToken) =>
        (await ScalarAsync<string>("SELECT CAST(pg_current_xact_id() AS text)", null, cancellationToken))!;

    /// <summary>A migration that this database has seen and this version does not know.</summary>
    public async Task<string?> FindNewerMigrationAsync(CancellationToken cancellationToken) =>
        await ScalarAsync<bool>("SELECT to_regclass('schemaversions') IS NOT NULL", null, cancellationToken)
            ? (await QueryAsync<string>("SELECT scriptname FROM schemaversions ORDER BY scriptname", null, cancellationToken)).FirstOrDefault(script => !Migrations.IsKnown(script))
            : null;

    /// <summary>Brings the schema up to date as part of this transaction: without a commit there are no new tables, either.</summary>
    /// <exception cref="DatabaseUnusableException">A script failed.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync($"SELECT pg_advisory_xact_lock({PostgreSqlDatabase.MigrationLock})", null, cancellationToken);
        Migrations.Apply(DeployChanges.To.PostgresqlDatabase(new MigrationConnections(() => new LentConnection(_connection))).WithoutTransaction());
    }

    /// <remarks>EXCLUSIVE lets nothing pass but reads. A copy may leave the session idle for longer than the server likes.</remarks>
    public override Task HoldAsync(IEnumerable<string> tables, CancellationToken cancellationToken) => ExecuteAsync(
        $"""
        SET LOCAL idle_in_transaction_session_timeout = 0;
        SET LOCAL statement_timeout = 0;
        LOCK TABLE {string.Join(", ", tables.Select(Dialect.Quote))} IN EXCLUSIVE MODE
        """,
        null,
        cancellationToken);

    /// <summary>Fills an empty table, and sets its sequences on where it has any.</summary>
    public override async Task CopyInAsync(CopiedTable table, IAsyncEnumerable<object?[]> rows, CancellationToken cancellationToken)
    {
        await using (var import = await _connection.BeginBinaryImportAsync($"COPY {Dialect.Quote(table.Name)} ({table.ColumnList}) FROM STDIN (FORMAT BINARY)", cancellationToken))
        {
            import.Timeout = LongestCopy;
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

        foreach (var column in table.Columns.Where(column => column.Sequence is not null))
        {
            var name = Dialect.Quote(column.Name);
            await ExecuteAsync(
                $"SELECT setval(CAST(@Sequence AS regclass), coalesce(max({name}), 1), max({name}) IS NOT NULL) FROM {Dialect.Quote(table.Name)}", new { column.Sequence }, cancellationToken);
        }
    }

    public override async Task CommitAsync()
    {
        NoteCommit();
        await Transaction!.CommitAsync(CancellationToken.None);
        ThrowIfNotAcknowledged();
    }

    /// <remarks>When the statement fails, the server skips the COMMIT behind it.</remarks>
    public override async Task CommitAsync(string sql, object parameters)
    {
        NoteCommit();
        await ExecuteAsync($"{sql}; COMMIT", parameters, CancellationToken.None);
        ThrowIfNotAcknowledged();
    }

    protected override async ValueTask EndAsync()
    {
        if (Transaction is not null)
        {
            _connection.Notice -= Remember;
            await Transaction.DisposeAsync();
        }

        await _connection.DisposeAsync();
    }

    private void ThrowIfNotAcknowledged()
    {
        if (_warning is not null)
        {
            throw new CommitNotAcknowledgedException(
                $"PostgreSQL committed without its standby ({_warning}); the change is not acknowledged.");
        }
    }

    private void Remember(object sender, NpgsqlNoticeEventArgs e)
    {
        if (e.Notice.SqlState == PostgresErrorCodes.Warning)
        {
            _warning = e.Notice.MessageText;
        }
    }

    /// <summary>A connection that stays open, with its transaction, when the borrower is done.</summary>
    private sealed class LentConnection(NpgsqlConnection lent) : IDbConnection
    {
        [AllowNull]
        public string ConnectionString
        {
            get => lent.ConnectionString;
            set => throw new NotSupportedException();
        }

        public int ConnectionTimeout => lent.ConnectionTimeout;

        public string Database => lent.Database;

        public ConnectionState State => lent.State;

        public IDbTransaction BeginTransaction() => throw new NotSupportedException();

        public IDbTransaction BeginTransaction(IsolationLevel il) => throw new NotSupportedException();

        public void ChangeDatabase(string databaseName) => throw new NotSupportedException();

        public void Close()
        {
        }

        public IDbCommand CreateCommand() => lent.CreateCommand();

        public void Open()
        {
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Connections for the library that applies migrations; it gets each script as a whole.</summary>
internal sealed class MigrationConnections(Func<IDbConnection> connect) : DatabaseConnectionManager(new DelegateConnectionFactory(_ => connect()))
{
    public override IEnumerable<string> SplitScriptIntoCommands(string scriptContents) => [scriptContents];
}
