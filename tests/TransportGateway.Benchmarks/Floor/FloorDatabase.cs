using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;

namespace TransportGateway.Benchmarks.Floor;

/// <summary>Open connections with prepared commands: the least that the same SQL can cost.</summary>
internal sealed class FloorDatabase(EngineKind kind, string connectionString)
{
    private readonly ConcurrentBag<FloorConnection> _free = [];
    private readonly SemaphoreSlim _writing = new(1, 1);
    private FloorConnection? _writer;

    public async Task<T> ReadAsync<T>(Func<FloorConnection, Task<T>> work)
    {
        var connection = await RentAsync();
        var result = await work(connection);
        _free.Add(connection);
        return result;
    }

    /// <summary>One transaction and one durable commit for each call.</summary>
    public async Task WriteAsync(Func<FloorConnection, Task> work)
    {
        if (kind == EngineKind.PostgreSql)
        {
            var connection = await RentAsync();
            await using (var transaction = await connection.BeginAsync())
            {
                await work(connection);
                await transaction.CommitAsync();
            }

            _free.Add(connection);
            return;
        }

        await _writing.WaitAsync();
        try
        {
            _writer ??= await OpenWriterAsync();
            await _writer.RunAsync("BEGIN IMMEDIATE");
            await work(_writer);
            await _writer.RunAsync("COMMIT");
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<FloorConnection> OpenWriterAsync()
    {
        var writer = await OpenAsync();
        await writer.RunAsync("PRAGMA journal_mode = WAL");
        await writer.RunAsync("PRAGMA synchronous = FULL");
        return writer;
    }

    private async Task<FloorConnection> RentAsync() => _free.TryTake(out var connection) ? connection : await OpenAsync();

    private async Task<FloorConnection> OpenAsync()
    {
        var connection = BenchmarkDatabase.Connect(kind, connectionString);
        await connection.OpenAsync();
        return new FloorConnection(connection);
    }
}

internal sealed class FloorConnection(DbConnection connection)
{
    private readonly Dictionary<string, DbCommand> _commands = [];

    public ValueTask<DbTransaction> BeginAsync() => connection.BeginTransactionAsync(IsolationLevel.ReadCommitted);

    public async Task RunAsync(string sql, params object?[] values)
    {
        var command = await CommandAsync(sql, values);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads every value of every row of every statement, and hands out the first row's.</summary>
    public async Task<object[]?> QueryAsync(string sql, params object?[] values)
    {
        var command = await CommandAsync(sql, values);
        await using var reader = await command.ExecuteReaderAsync();
        object[]? first = null;
        do
        {
            while (await reader.ReadAsync())
            {
                var row = new object[reader.FieldCount];
                reader.GetValues(row);
                first ??= row;
            }
        }
        while (await reader.NextResultAsync());

        return first;
    }

    /// <remarks>Parameters are @p0, @p1 and so on.</remarks>
    private async Task<DbCommand> CommandAsync(string sql, object?[] values)
    {
        if (_commands.TryGetValue(sql, out var known))
        {
            for (var i = 0; i < values.Length; i++)
            {
                known.Parameters[i].Value = values[i] ?? DBNull.Value;
            }

            return known;
        }

        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"@p{i}", values[i] ?? DBNull.Value);
            if (values[i] is null)
            {
                parameter.DbType = DbType.String;
            }

            command.Parameters.Add(parameter);
        }

        await command.PrepareAsync();
        _commands.Add(sql, command);
        return command;
    }
}
