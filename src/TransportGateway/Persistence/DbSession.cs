using System.Data.Common;
using System.Runtime.CompilerServices;
using Dapper;

namespace TransportGateway.Persistence;

/// <summary>One connection and, for writers, one transaction. Stores are made on it and share it.</summary>
internal abstract class DbSession(DbConnection connection, DbTransaction? transaction, Dialect dialect) : IAsyncDisposable
{
    private static readonly AsyncLocal<StrongBox<bool>?> Watch = new();

    private Action? _whenEnded;

    /// <summary>Called once, when the session is over.</summary>
    public Action? WhenEnded
    {
        set => _whenEnded = value;
    }

    public Dialect Dialect { get; } = dialect;

    protected DbConnection Connection { get; } = connection;

    protected DbTransaction? Transaction { get; } = transaction;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        (await Connection.QueryAsync<T>(Command(sql, parameters, cancellationToken))).AsList();

    public Task<T?> QuerySingleOrDefaultAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.QuerySingleOrDefaultAsync<T>(Command(sql, parameters, cancellationToken));

    /// <summary>Several statements that read, sent together: one way to the database and back.</summary>
    /// <param name="read">Takes the results in the order of the statements.</param>
    public async Task<T> QueryTogetherAsync<T>(string sql, object parameters, Func<SqlMapper.GridReader, Task<T>> read, CancellationToken cancellationToken)
    {
        await using var results = await Connection.QueryMultipleAsync(Command(sql, parameters, cancellationToken));
        return await read(results);
    }

    public Task<T?> ScalarAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.ExecuteScalarAsync<T>(Command(sql, parameters, cancellationToken));

    public Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken) =>
        Connection.ExecuteAsync(Command(sql, parameters, cancellationToken));

    /// <summary>Every row of a table in the order of its key, as it comes.</summary>
    /// <exception cref="RowNotMovableException">A value is none of its column's type.</exception>
    public async IAsyncEnumerable<object?[]> RowsAsync(CopiedTable table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Connection.CreateCommand();
        command.CommandText = table.SelectAll(Dialect);
        command.CommandTimeout = 0;
        command.Transaction = Transaction;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = new object?[table.Columns.Count];
            for (var at = 0; at < row.Length; at++)
            {
                row[at] = table.Columns[at].Convert(reader.GetValue(at));
            }

            yield return row;
        }
    }

    /// <summary>Fills an empty table.</summary>
    public abstract Task CopyInAsync(CopiedTable table, IAsyncEnumerable<object?[]> rows, CancellationToken cancellationToken);

    /// <param name="tables">Each after those that it refers to.</param>
    public async Task EmptyAsync(IReadOnlyList<CopiedTable> tables, CancellationToken cancellationToken)
    {
        foreach (var table in tables.Reverse())
        {
            await ExecuteAsync($"DELETE FROM {Dialect.Quote(table.Name)}", null, cancellationToken);
        }
    }

    /// <summary>Every column of every table, but those of the migrations' journal.</summary>
    public Task<IReadOnlyList<TableColumn>> ColumnsAsync(CancellationToken cancellationToken) => QueryAsync<TableColumn>(Dialect.ListColumns, null, cancellationToken);

    public Task<long> CountAsync(string table, CancellationToken cancellationToken) =>
        ScalarAsync<long>($"SELECT count(*) FROM {Dialect.Quote(table)}", null, cancellationToken);

    /// <summary>Until the end of the transaction other processes can read these tables, and not write to them.</summary>
    public abstract Task HoldAsync(IEnumerable<string> tables, CancellationToken cancellationToken);

    /// <summary>Begins to watch: tells whether anything that the caller does from here on tried to commit. Nothing has changed without.</summary>
    public static StrongBox<bool> WatchCommits() => Watch.Value = new StrongBox<bool>();

    /// <summary>Returns when the transaction is durable. Takes no token: a cancelled commit can look like a success.</summary>
    /// <exception cref="CommitNotAcknowledgedException">The engine did not confirm; the work may or may not be there.</exception>
    public abstract Task CommitAsync();

    /// <summary>Runs a last statement and commits: to a server both go together.</summary>
    /// <inheritdoc cref="CommitAsync()"/>
    public virtual async Task CommitAsync(string sql, object parameters)
    {
        await ExecuteAsync(sql, parameters, CancellationToken.None);
        await CommitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndAsync();
        }
        finally
        {
            Interlocked.Exchange(ref _whenEnded, null)?.Invoke();
        }
    }

    protected abstract ValueTask EndAsync();

    protected static void NoteCommit() => Watch.Value?.Value = true;

    private CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, Transaction, cancellationToken: cancellationToken);
}
