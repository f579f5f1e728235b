using System.Data.Common;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>Moves every row to an empty PostgreSQL database and proves it by counts and checksums. Nothing is written here from the first row on; afterwards the gateway has to stop.</summary>
internal sealed partial class MoveDatabase(Database source, TimeProvider clock, ILogger<MoveDatabase> logger)
{
    /// <summary>Less than the console waits for an answer.</summary>
    private static readonly TimeSpan LongestMove = TimeSpan.FromMinutes(25);

    private int _underWay;

    public sealed record Request(Caller By, Secret ConnectionString);

    public abstract record Outcome
    {
        public sealed record Moved(IReadOnlyList<CopiedRows> Tables) : Outcome;

        /// <summary>Nothing was changed; the sentence says what to do.</summary>
        public sealed record Refused(string Problem) : Outcome;

        /// <summary>The target did not confirm the commit, so nobody may go on here before an administrator has looked there.</summary>
        public sealed record Unconfirmed(string Problem) : Outcome;

        private Outcome() { }
    }

    /// <param name="cancellationToken">Breaks the move off, and both sides are as before, up to the commit.</param>
    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _underWay, 1) == 1)
        {
            return new Outcome.Refused("The database is being moved already. Wait for the end of it.");
        }

        try
        {
            return await TryAsync(request, cancellationToken);
        }
        finally
        {
            _underWay = 0;
        }
    }

    private async Task<Outcome> TryAsync(Request request, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(LongestMove, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            await using var target = Open(request.ConnectionString);
            return await MoveAsync(request.By, target, either.Token);
        }
        catch (Exception exception) when (exception is MoveRefusedException or TableCopyException)
        {
            return new Outcome.Refused(exception.Message);
        }
        catch (DatabaseUnusableException exception)
        {
            return new Outcome.Refused($"{exception.Message.Replace("postgresql-connection", "the connection string", StringComparison.Ordinal)} Nothing was changed.");
        }
        catch (DatabaseMovingException exception)
        {
            return new Outcome.Refused(exception.Message);
        }
        catch (DbException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new Outcome.Refused($"The move was broken off, nothing was changed: {exception.Message}");
        }
        catch (OperationCanceledException) when (bound.IsCancellationRequested)
        {
            return new Outcome.Refused($"The move was broken off after {LongestMove.TotalMinutes} minutes, nothing was changed. Use a faster way to the target.");
        }
    }

    private PostgreSqlDatabase Open(Secret connectionString)
    {
        try
        {
            return new PostgreSqlDatabase(connectionString.Value, clock);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException or InvalidOperationException)
        {
            // Not its message, which may quote what was given.
            throw new MoveRefusedException("That is no connection string of PostgreSQL. It looks like this: Host=db.example;Database=gateway;Username=gateway");
        }
    }

    private async Task<Outcome> MoveAsync(Caller by, PostgreSqlDatabase target, CancellationToken cancellationToken)
    {
        if (!await target.IsWritableAsync(cancellationToken))
        {
            throw new MoveRefusedException("The target only follows another database and cannot be written. Name its primary.");
        }

        await using var there = await target.BeginTargetAsync(cancellationToken);
        var tables = await PrepareAsync(there, cancellationToken);
        // From here on nobody else writes.
        await using var here = await source.BeginAloneAsync(cancellationToken);
        await RefuseOtherColumnsAsync(here, tables, cancellationToken);
        await here.HoldAsync(tables.Select(table => table.Name), cancellationToken);
        var moved = await TableCopy.CopyAsync(here, there, tables, cancellationToken);
        await new EventLog(there).AppendAsync(
            new LoggedEvent(EventKinds.DatabaseMigrated, Severity.Info, by.Name, $"{moved.Sum(table => table.Rows)} rows of {moved.Count} tables were moved from {source.Dialect.Name}; counts and checksums agree."),
            clock.GetUtcNow(),
            cancellationToken);
        var transaction = await there.TransactionAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return await CommitAsync(here, there, target, transaction) ?? new Outcome.Moved(moved);
    }

    /// <summary>Brings the target's schema up to date and makes sure that it is empty; all of it goes with the transaction.</summary>
    private async Task<IReadOnlyList<CopiedTable>> PrepareAsync(PostgreSqlSession there, CancellationToken cancellationToken)
    {
        if (await source.IsThisAsync(there, cancellationToken))
        {
            throw new MoveRefusedException("The target is the database that this gateway uses already. Name another one.");
        }

        if (await there.FindNewerMigrationAsync(cancellationToken) is { } newer)
        {
            throw new MoveRefusedException($"The target belongs to another version of the gateway: it has {newer}. Choose an empty database.");
        }

        // Before its schema is touched: it may be somebody's, and in use.
        await RefuseRowsAsync(there, cancellationToken);
        await there.MigrateAsync(cancellationToken);
        var tables = await CopiedTable.ReadAllAsync(there, cancellationToken);
        await there.HoldAsync(tables.Select(table => table.Name), cancellationToken);
        await RefuseRowsAsync(there, cancellationToken);
        return tables;
    }

    private static async Task RefuseRowsAsync(PostgreSqlSession there, CancellationToken cancellationToken)
    {
        foreach (var table in (await there.ColumnsAsync(cancellationToken)).Select(column => column.TableName).Distinct(StringComparer.Ordinal))
        {
            if (await there.CountAsync(table, cancellationToken) is var rows and > 0)
            {
                throw new MoveRefusedException($"The target is not empty: its table {table} has {rows} row(s). Choose an empty database.");
            }
        }
    }

    private static async Task RefuseOtherColumnsAsync(DbSession here, IReadOnlyList<CopiedTable> tables, CancellationToken cancellationToken)
    {
        var columnsHere = await here.ColumnsAsync(cancellationToken);
        RefuseOther("table", [.. columnsHere.Select(column => column.TableName).Distinct(StringComparer.Ordinal)], [.. tables.Select(table => table.Name)]);
        RefuseOther(
            "column",
            [.. columnsHere.Select(column => $"{column.TableName}.{column.ColumnName}")],
            [.. tables.SelectMany(table => table.Columns.Select(column => $"{table.Name}.{column.Name}"))]);

        static void RefuseOther(string what, string[] here, string[] there)
        {
            if (there.Except(here, StringComparer.Ordinal).FirstOrDefault() is { } more)
            {
                throw new MoveRefusedException($"The target has the {what} {more}, which this database lacks. Choose an empty database.");
            }

            if (here.Except(there, StringComparer.Ordinal).FirstOrDefault() is { } less)
            {
                throw new MoveRefusedException($"This database has the {what} {less}, which no migration makes. Remove it, or keep it elsewhere.");
            }
        }
    }

    /// <summary>Null when both sides are as they should be.</summary>
    /// <remarks>The mark comes first: after a crash in between nobody goes on here while the other database may be in use, and the mark says how to go back.</remarks>
    private async Task<Outcome?> CommitAsync(DbSession here, PostgreSqlSession there, PostgreSqlDatabase target, string transaction)
    {
        try
        {
            await source.MarkMovedAsync(here, clock.GetUtcNow());
        }
        catch (Exception exception) when (exception is DbException or IOException or UnauthorizedAccessException)
        {
            await UnmarkAsync();
            throw new MoveRefusedException($"This database could not be marked as moved, so it was not: {exception.Message}");
        }

        try
        {
            await there.CommitAsync();
        }
        catch (DbException exception)
        {
            var committed = await target.HasCommittedAsync(transaction);
            if (committed == false)
            {
                await UnmarkAsync();
                throw new MoveRefusedException($"The target did not commit, nothing was changed: {exception.Message}");
            }

            source.CloseForGood();
            Log.Unconfirmed(logger, exception);
            return new Outcome.Unconfirmed(committed == true
                ? $"Every row is at the target, but its standby did not confirm that: {exception.Message} The gateway stops. See to the standby, then go on with the target."
                : "The connection broke while the target committed, and it cannot be asked what came of it. The gateway stops. Look there: with an event database-migrated in its event log everything has arrived, else start this gateway again, which says how to go back.");
        }

        source.CloseForGood();
        Log.Moved(logger);
        return null;
    }

    private async Task UnmarkAsync()
    {
        try
        {
            await source.UnmarkMovedAsync();
        }
        catch (Exception exception) when (exception is DbException or IOException or UnauthorizedAccessException)
        {
            // The next start says how to take the mark away.
            Log.MarkStays(logger, exception);
        }
    }

    private sealed class MoveRefusedException(string message) : Exception(message);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Everything was moved to another database; this gateway stops")]
        public static partial void Moved(ILogger logger);

        [LoggerMessage(LogLevel.Error, "The database that everything was moved to did not confirm its commit; this gateway stops")]
        public static partial void Unconfirmed(ILogger logger, Exception exception);

        [LoggerMessage(LogLevel.Error, "The mark of a move that did not take place could not be taken away")]
        public static partial void MarkStays(ILogger logger, Exception exception);
    }
}
