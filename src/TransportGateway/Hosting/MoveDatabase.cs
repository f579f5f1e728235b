using System.Data.Common;
using TransportGateway.Access;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>Moves every row to an empty PostgreSQL database and proves it by counts and checksums. Nothing can be written here from the first row on; afterwards the gateway stops.</summary>
internal sealed class MoveDatabase(Database source, DataDirectory directory, NodeRole role, TimeProvider clock)
{
    public sealed record Request(Caller By, Secret ConnectionString);

    public abstract record Outcome
    {
        public sealed record Moved(IReadOnlyList<MovedTable> Tables) : Outcome;

        /// <summary>Nothing was changed; the sentence says what to do.</summary>
        public sealed record Refused(string Problem) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        PostgreSqlDatabase target;
        try
        {
            target = new PostgreSqlDatabase(request.ConnectionString.Value, clock);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException)
        {
            return new Outcome.Refused("That is no connection string of PostgreSQL. It looks like this: Host=db.example;Database=gateway;Username=gateway");
        }

        await using (target)
        {
            try
            {
                if (!await target.IsWritableAsync(cancellationToken))
                {
                    return new Outcome.Refused("The target only follows another database and cannot be written. Name its primary.");
                }

                await target.MigrateAsync(cancellationToken);
                return await MoveAsync(request, target, cancellationToken);
            }
            catch (DatabaseUnusableException exception)
            {
                return new Outcome.Refused(exception.Message.Replace("postgresql-connection", "the connection string", StringComparison.Ordinal));
            }
            catch (DbException exception)
            {
                return new Outcome.Refused($"The move was broken off, nothing was changed: {exception.Message}");
            }
        }
    }

    private async Task<Outcome> MoveAsync(Request request, PostgreSqlDatabase target, CancellationToken cancellationToken)
    {
        await using var there = await target.BeginAsync(cancellationToken);
        var tables = await CopiedTable.ReadAllAsync(there, cancellationToken);
        foreach (var table in tables)
        {
            if (await there.ScalarAsync<long>($"SELECT count(*) FROM {table.Name}", null, cancellationToken) is var rows and > 0)
            {
                return new Outcome.Refused($"The target is not empty: its table {table.Name} has {rows} row(s). Choose an empty database.");
            }
        }

        // From here on nobody else writes.
        await using var here = await source.BeginAsync(cancellationToken);
        var names = await here.TableNamesAsync(cancellationToken);
        if (!names.Order(StringComparer.Ordinal).SequenceEqual(tables.Select(table => table.Name).Order(StringComparer.Ordinal)))
        {
            return new Outcome.Refused("The target has other tables than this database. Use one that no other version has written to.");
        }

        await here.CloseToOthersAsync(names, cancellationToken);
        var moved = new List<MovedTable>();
        foreach (var table in tables)
        {
            using var sent = new RowChecksum();
            await there.CopyInAsync(table, CountedAsync(here.RowsAsync(table, cancellationToken), sent), cancellationToken);
            using var arrived = new RowChecksum();
            await foreach (var row in there.RowsAsync(table, cancellationToken))
            {
                arrived.Add(row);
            }

            var (was, now) = (sent.Finish(), arrived.Finish());
            if (sent.Rows != arrived.Rows || was != now)
            {
                return new Outcome.Refused(
                    $"The table {table.Name} did not arrive as it was: {sent.Rows} row(s) with checksum {was} were sent, {arrived.Rows} with {now} are there. Nothing was changed; look for triggers or rules at the target.");
            }

            moved.Add(new MovedTable(table.Name, sent.Rows, now));
        }

        await new EventLog(there).AppendAsync(
            new LoggedEvent(EventKinds.DatabaseMigrated, Severity.Info, request.By.Name, $"{moved.Sum(table => table.Rows)} rows of {moved.Count} tables were moved from {source.Dialect.Name}; counts and checksums agree."),
            clock.GetUtcNow(),
            cancellationToken);
        await there.CommitAsync();
        await LeaveAsync(here);
        return new Outcome.Moved(moved);
    }

    /// <summary>What waits for this database fails from now on, and so does the next start on it.</summary>
    private async Task LeaveAsync(DbSession here)
    {
        role.BecomeStandby();
        source.Close();
        if (source.CanBeStandby)
        {
            // Those that wait for a lock would write as soon as it is gone.
            await here.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()", null, CancellationToken.None);
            await here.CommitAsync();
        }
        else
        {
            await File.WriteAllTextAsync(directory.MovedMark, $"This database was moved to PostgreSQL at {clock.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC.\n");
        }
    }

    private static async IAsyncEnumerable<object?[]> CountedAsync(IAsyncEnumerable<object?[]> rows, RowChecksum checksum)
    {
        await foreach (var row in rows)
        {
            checksum.Add(row);
            yield return row;
        }
    }
}

/// <param name="Checksum">SHA-256 over all rows in the order of their key, hexadecimal.</param>
internal sealed record MovedTable(string Table, long Rows, string Checksum);
