using System.Data.Common;
using System.Text;

namespace TransportGateway.Persistence;

/// <summary>Copies tables from one database to another, whichever engines they are, and proves by counts and checksums that they arrived.</summary>
internal static class TableCopy
{
    /// <param name="there">Its tables are empty.</param>
    /// <param name="tables">Each after those that it refers to.</param>
    /// <exception cref="TableCopyException">A row is none that the schema provides for, or what arrived is not what was sent.</exception>
    public static async Task<IReadOnlyList<CopiedRows>> CopyAsync(DbSession here, DbSession there, IReadOnlyList<CopiedTable> tables, CancellationToken cancellationToken)
    {
        var sent = new List<CopiedRows>();
        foreach (var table in tables)
        {
            using var checksum = new RowChecksum();
            try
            {
                await there.CopyInAsync(table, CheckedAsync(here.RowsAsync(table, cancellationToken), checksum), cancellationToken);
            }
            catch (Exception exception) when (exception is RowNotMovableException or EncoderFallbackException || (exception is DbException && !cancellationToken.IsCancellationRequested))
            {
                throw new TableCopyException($"The table {table.Name} cannot be moved: {exception.Message}. Nothing was changed.");
            }

            sent.Add(new CopiedRows(table.Name, checksum.Rows, checksum.Finish()));
        }

        // Only when everything is there: what arrives in one table may set off a change in another.
        var arrived = await CountAsync(there, tables, cancellationToken);
        var differences = sent.Zip(arrived).Where(pair => pair.First != pair.Second)
            .Select(pair => $"{pair.First.Table}: {pair.First.Rows} row(s) with checksum {pair.First.Checksum} were sent, {pair.Second.Rows} with {pair.Second.Checksum} arrived").ToArray();
        return differences.Length == 0
            ? sent
            : throw new TableCopyException($"What arrived is not what was sent, so nothing was changed. Look for triggers and rules at the target.\n{string.Join('\n', differences)}");
    }

    /// <summary>Rows and checksum of every table.</summary>
    public static async Task<IReadOnlyList<CopiedRows>> CountAsync(DbSession session, IReadOnlyList<CopiedTable> tables, CancellationToken cancellationToken)
    {
        var counted = new List<CopiedRows>();
        foreach (var table in tables)
        {
            using var checksum = new RowChecksum();
            await foreach (var row in session.RowsAsync(table, cancellationToken))
            {
                checksum.Add(row);
            }

            counted.Add(new CopiedRows(table.Name, checksum.Rows, checksum.Finish()));
        }

        return counted;
    }

    private static async IAsyncEnumerable<object?[]> CheckedAsync(IAsyncEnumerable<object?[]> rows, RowChecksum checksum)
    {
        await foreach (var row in rows)
        {
            checksum.Add(row);
            yield return row;
        }
    }
}

/// <param name="Checksum">SHA-256 over all rows in the order of their key, hexadecimal; the same on both engines.</param>
internal sealed record CopiedRows(string Table, long Rows, string Checksum);

internal sealed class TableCopyException(string message) : Exception(message);
