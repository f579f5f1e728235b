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

    /// <summary>Returns when the transaction is durable. Takes no token: a cancelled commit can look like a success.</summary>
    /// <exception cref="CommitNotAcknowledgedException">The engine did not confirm; the work may or may not be there.</exception>
    public abstract Task CommitAsync();

    public abstract ValueTask DisposeAsync();

    private CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, Transaction, cancellationToken: cancellationToken);
}
