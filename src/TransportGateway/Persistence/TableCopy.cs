using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TransportGateway.Persistence;

/// <summary>One table as the target's catalogue describes it. A later migration needs no change here.</summary>
internal sealed record CopiedTable(string Name, IReadOnlyList<CopiedColumn> Columns, IReadOnlyList<string> Key)
{
    private const string Journal = "schemaversions";

    public string SelectAll(Dialect dialect) =>
        $"SELECT {string.Join(", ", Columns.Select(column => column.Name))} FROM {Name} ORDER BY {string.Join(", ", Key.Select(name => dialect.InByteOrder(name, Columns.Single(column => column.Name == name).Type)))}";

    /// <summary>All tables but the migrations' journal, each after those that it refers to.</summary>
    public static async Task<IReadOnlyList<CopiedTable>> ReadAllAsync(DbSession postgreSql, CancellationToken cancellationToken)
    {
        var columns = await postgreSql.QueryAsync<ColumnRow>(
            """
            SELECT table_name, column_name, data_type
              FROM information_schema.columns
             WHERE table_schema = current_schema()
             ORDER BY table_name, ordinal_position
            """,
            null,
            cancellationToken);
        var keys = await postgreSql.QueryAsync<ColumnRow>(
            """
            SELECT t.relname AS table_name, a.attname AS column_name, '' AS data_type
              FROM pg_index i
              JOIN pg_class t ON t.oid = i.indrelid
              JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey)
             WHERE i.indisprimary
             ORDER BY t.relname, array_position(i.indkey::int2[], a.attnum)
            """,
            null,
            cancellationToken);
        var references = await postgreSql.QueryAsync<ReferenceRow>(
            """
            SELECT f.relname AS from_table, t.relname AS to_table
              FROM pg_constraint c
              JOIN pg_class f ON f.oid = c.conrelid
              JOIN pg_class t ON t.oid = c.confrelid
             WHERE c.contype = 'f' AND f.oid <> t.oid
            """,
            null,
            cancellationToken);
        var tables = columns.Where(column => column.TableName != Journal).GroupBy(column => column.TableName, StringComparer.Ordinal).Select(group => new CopiedTable(
            group.Key,
            [.. group.Select(column => new CopiedColumn(column.ColumnName, column.DataType))],
            keys.Where(key => key.TableName == group.Key).Select(key => key.ColumnName).ToArray() is { Length: > 0 } key ? key : [.. group.Select(column => column.ColumnName)]));
        return InOrder([.. tables], references);
    }

    private static List<CopiedTable> InOrder(List<CopiedTable> tables, IReadOnlyList<ReferenceRow> references)
    {
        var ordered = new List<CopiedTable>();
        while (tables.Count > 0)
        {
            var next = tables.FirstOrDefault(table => references.All(reference => reference.FromTable != table.Name || tables.TrueForAll(other => other.Name != reference.ToTable)))
                ?? throw new InvalidOperationException("Tables refer to each other in a circle.");
            tables.Remove(next);
            ordered.Add(next);
        }

        return ordered;
    }

    private sealed class ColumnRow
    {
        public required string TableName { get; init; }

        public required string ColumnName { get; init; }

        public required string DataType { get; init; }
    }

    private sealed class ReferenceRow
    {
        public required string FromTable { get; init; }

        public required string ToTable { get; init; }
    }
}

/// <param name="Type">As PostgreSQL names it: <c>text</c>, <c>bigint</c>, <c>integer</c>, <c>boolean</c>, <c>bytea</c>, <c>numeric</c>.</param>
internal sealed record CopiedColumn(string Name, string Type)
{
    /// <summary>A value of either engine as this column's type has it. SQLite has integers for booleans.</summary>
    public object? Convert(object value) => value is DBNull ? null : Type switch
    {
        "boolean" => System.Convert.ToBoolean(value, CultureInfo.InvariantCulture),
        "integer" => System.Convert.ToInt32(value, CultureInfo.InvariantCulture),
        "bigint" => System.Convert.ToInt64(value, CultureInfo.InvariantCulture),
        "numeric" => System.Convert.ToDecimal(value, CultureInfo.InvariantCulture),
        "text" => (string)value,
        "bytea" => (byte[])value,
        _ => throw new InvalidOperationException($"The column {Name} has the type {Type}, which is not moved."),
    };
}

/// <summary>Counts rows and takes a SHA-256 over all of them, in an encoding that is the same whichever engine they came from.</summary>
internal sealed class RowChecksum : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Rows { get; private set; }

    public void Add(object?[] row)
    {
        Rows++;
        foreach (var value in row)
        {
            Add(value);
        }
    }

    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();

    private void Add(object? value)
    {
        switch (value)
        {
            case null:
                Add(0, []);
                break;
            case string text:
                Add(1, Encoding.UTF8.GetBytes(text));
                break;
            case long or int or bool:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64BigEndian(number, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                Add(2, number);
                break;
            case byte[] bytes:
                Add(3, bytes);
                break;
            case decimal exact:
                Add(4, Encoding.ASCII.GetBytes((exact / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture)));
                break;
            default:
                throw new InvalidOperationException($"A value of the type {value.GetType()} is not moved.");
        }
    }

    /// <remarks>With its kind and length, so that no two rows of different values look alike.</remarks>
    private void Add(byte kind, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], bytes.Length);
        _hash.AppendData(head);
        _hash.AppendData(bytes);
    }
}
