using System.Data;
using System.Data.Common;
using System.Security.Cryptography;
using Npgsql;

namespace TransportGateway.Persistence;

/// <summary>PostgreSQL, for a pair of nodes or a database server of its own.</summary>
internal sealed class PostgreSqlDatabase : Database
{
    /// <summary>Any number will do, as long as all versions of the gateway take the same one.</summary>
    public const long MigrationLock = 0x7467_6d69_6772;

    private const string MovedMark = "transport_gateway_moved";

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

    /// <summary>A write session with what the target of a move needs besides.</summary>
    public Task<PostgreSqlSession> BeginTargetAsync(CancellationToken cancellationToken) => OpenTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);

    public override async Task<DbSession> ReadAsync(CancellationToken cancellationToken = default) =>
        new PostgreSqlSession(await _source.OpenConnectionAsync(cancellationToken), transaction: null);

    public override async Task<DbSession> ReadSnapshotAsync(CancellationToken cancellationToken) => await OpenTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);

    /// <remarks>A commit waits for the standby only when it wrote something; the standby then has all that came before.</remarks>
    public override async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        await using var session = await BeginAsync(cancellationToken);
        await session.ExecuteAsync("SELECT pg_logical_emit_message(TRUE, 'transport-gateway', '')", null, cancellationToken);
        await session.CommitAsync();
    }

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

    /// <remarks>An advisory lock is of one database, however its server is dialled.</remarks>
    public override async Task<bool> IsThisAsync(DbSession other, CancellationToken cancellationToken)
    {
        var key = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        await using var session = await BeginAsync(cancellationToken);
        await session.ExecuteAsync("SELECT pg_advisory_xact_lock(@Key)", new { Key = key }, cancellationToken);
        return !await other.ScalarAsync<bool>("SELECT pg_try_advisory_xact_lock(@Key)", new { Key = key }, cancellationToken);
    }

    /// <remarks>
    /// A trigger on each table, so that other processes that have waited for these tables, or come later, cannot write what would be lost.
    /// The role that owns the tables may do that; to make the database read-only it would have to own that, too.
    /// </remarks>
    public override async Task MarkMovedAsync(DbSession alone, DateTimeOffset now)
    {
        var text = $"This database was moved to another one at {now:yyyy-MM-dd HH:mm:ss} UTC. Set postgresql-connection to where it went; or, to go back to what it was at that time, run in it: DROP FUNCTION {MovedMark}() CASCADE";
        var tables = (await alone.ColumnsAsync(CancellationToken.None)).Select(column => column.TableName).Distinct(StringComparer.Ordinal);
        await alone.ExecuteAsync(
            $"""
            CREATE FUNCTION {MovedMark}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{text}'; END $$;
            COMMENT ON FUNCTION {MovedMark}() IS '{text}';
            {string.Concat(tables.Select(table => $"CREATE TRIGGER {MovedMark} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {Dialect.Quote(table)} EXECUTE FUNCTION {MovedMark}();\n"))}
            """,
            null,
            CancellationToken.None);
        await alone.CommitAsync();
    }

    public override async Task UnmarkMovedAsync()
    {
        await using var session = await BeginTargetAsync(CancellationToken.None);
        await session.ExecuteAsync($"DROP FUNCTION IF EXISTS {MovedMark}() CASCADE", null, CancellationToken.None);
        await session.CommitAsync();
    }

    public override async Task<string?> FindMoveAsync(CancellationToken cancellationToken)
    {
        await using var session = await ReadAsync(cancellationToken);
        return await session.ScalarAsync<string>($"SELECT obj_description(to_regprocedure('{MovedMark}()'), 'pg_proc')", null, cancellationToken);
    }

    /// <summary>What became of a transaction whose commit did not come back well; null when that cannot be told.</summary>
    public async Task<bool?> HasCommittedAsync(string transaction)
    {
        try
        {
            return await RetryAsync(
                async token =>
                {
                    await using var session = await ReadAsync(token);
                    return await session.ScalarAsync<string>("SELECT pg_xact_status(CAST(@Id AS xid8))", new { Id = transaction }, token);
                },
                CancellationToken.None) switch
            {
                "committed" => true,
                "aborted" => false,
                _ => null,
            };
        }
        catch (Exception exception) when (exception is DbException or Polly.Timeout.TimeoutRejectedException)
        {
            return null;
        }
    }

    protected override async Task<DbSession> OpenWriterAsync(CancellationToken cancellationToken) => await BeginTargetAsync(cancellationToken);

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
                Migrations.Apply(DbUp.DeployChanges.To.PostgresqlDatabase(new MigrationConnections(_source.CreateConnection)).WithTransactionPerScript());
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

    private async Task<PostgreSqlSession> OpenTransactionAsync(IsolationLevel isolation, CancellationToken cancellationToken)
    {
        var connection = await _source.OpenConnectionAsync(cancellationToken);
        try
        {
            return new PostgreSqlSession(connection, await connection.BeginTransactionAsync(isolation, cancellationToken));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static DatabaseUnusableException Unusable(NpgsqlException exception) => new(
        $"PostgreSQL cannot be used: {exception.Message}. Check postgresql-connection, that the server runs, and that the role may create tables.", exception);

    public override ValueTask DisposeAsync() => _source.DisposeAsync();
}
