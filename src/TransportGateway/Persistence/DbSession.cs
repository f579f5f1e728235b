using System.Data.Common;
using Dapper;

namespace TransportGateway.Persistence;

/// <summary>One connection and, for writers, one transaction. Stores are made on it and share it.</summary>
internal abstract class DbSession(DbConnection connection, DbTransaction? transaction, Dialect dialect) : IAsyncDisposable
{
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
    public async IAsyncEnumerable<object?[]> RowsAsync(CopiedTable table, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = Connection.CreateCommand();
        command.CommandText = table.SelectAll(Dialect);
        command.CommandTimeout = 0;
        command.Transaction = Transaction;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return [.. table.Columns.Select((column, index) => column.Convert(reader.GetValue(index)))];
        }
    }

    /// <summary>The tables there are, without the migrations' journal.</summary>
    public Task<IReadOnlyList<string>> TableNamesAsync(CancellationToken cancellationToken) => QueryAsync<string>(Dialect.ListTables, null, cancellationToken);

    /// <summary>Fills an empty table.</summary>
    public virtual Task CopyInAsync(CopiedTable table, IAsyncEnumerable<object?[]> rows, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"Rows are not moved to {Dialect.Name}.");

    /// <summary>Lets nobody else write to these tables; after a commit, nobody at all, ever.</summary>
    public virtual Task CloseToOthersAsync(IReadOnlyList<string> tables, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Returns when the transaction is durable. Takes no token: a cancelled commit can look like a success.</summary>
    /// <exception cref="CommitNotAcknowledgedException">The engine did not confirm; the work may or may not be there.</exception>
    public abstract Task CommitAsync();

    public abstract ValueTask DisposeAsync();

    private CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, Transaction, cancellationToken: cancellationToken);
}
