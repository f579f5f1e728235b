using System.Globalization;

namespace TransportGateway.Persistence;

/// <summary>One table as a database's catalogue describes it. A later migration needs no change here.</summary>
internal sealed record CopiedTable(string Name, IReadOnlyList<CopiedColumn> Columns, IReadOnlyList<string> Key)
{
    public string ColumnList => string.Join(", ", Columns.Select(column => Dialect.Quote(column.Name)));

    public string SelectAll(Dialect dialect) =>
        $"SELECT {ColumnList} FROM {Dialect.Quote(Name)} ORDER BY {string.Join(", ", Key.Select(name => dialect.InByteOrder(Dialect.Quote(name), Columns.Single(column => column.Name == name).Type)))}";

    /// <summary>All tables but the migrations' journal, each after those that it refers to.</summary>
    public static async Task<IReadOnlyList<CopiedTable>> ReadAllAsync(DbSession session, CancellationToken cancellationToken)
    {
        var columns = await session.QueryAsync<ColumnRow>(session.Dialect.ListTypedColumns, null, cancellationToken);
        var keys = await session.QueryAsync<TableColumn>(session.Dialect.ListKeys, null, cancellationToken);
        var references = await session.QueryAsync<ReferenceRow>(session.Dialect.ListReferences, null, cancellationToken);
        return InOrder(
            [.. columns.GroupBy(column => column.TableName, StringComparer.Ordinal).Select(group => new CopiedTable(
                group.Key,
                [.. group.Select(column => new CopiedColumn(column.ColumnName, column.DataType, column.Sequence))],
                [.. keys.Where(key => key.TableName == group.Key).Select(key => key.ColumnName)]))],
            references);
    }

    private static List<CopiedTable> InOrder(List<CopiedTable> tables, IReadOnlyList<ReferenceRow> references)
    {
        var ordered = new List<CopiedTable>();
        while (tables.Count > 0)
        {
            var next = tables.FirstOrDefault(table => references.All(reference => reference.FromTable != table.Name || tables.TrueForAll(other => other.Name != reference.ToTable)))
                ?? throw new InvalidOperationException("Tables refer to each other in a circle.");
            if (next.Key.Count == 0)
            {
                throw new InvalidOperationException($"The table {next.Name} has no primary key, so its rows have no order.");
            }

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

        public string? Sequence { get; init; }
    }

    private sealed class ReferenceRow
    {
        public required string FromTable { get; init; }

        public required string ToTable { get; init; }
    }
}

/// <param name="Type">As PostgreSQL names it: <c>text</c>, <c>bigint</c>, <c>integer</c>, <c>boolean</c>, <c>bytea</c>, <c>numeric</c>.</param>
/// <param name="Sequence">Where its values come from when none is given.</param>
internal sealed record CopiedColumn(string Name, string Type, string? Sequence)
{
    /// <summary>A value of either engine as this column's type has it.</summary>
    /// <remarks>SQLite has integers for booleans, and takes anything anywhere: what is no value of the type is refused rather than bent to it.</remarks>
    public object? Convert(object value) => (Type, value) switch
    {
        (_, DBNull) => null,
        ("text", string) or ("bytea", byte[]) or ("boolean", bool) or ("integer", int) or ("bigint", long) or ("numeric", decimal) => value,
        ("boolean", 0L) => false,
        ("boolean", 1L) => true,
        ("integer", long whole and >= int.MinValue and <= int.MaxValue) => (int)whole,
        ("numeric", long whole) => (decimal)whole,
        ("numeric", double real) when Exact(real) is { } exact => exact,
        ("numeric", string text) when decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact) => exact,
        _ => throw new RowNotMovableException($"its column {Name} is {Type} and holds a {value.GetType().Name} that is none"),
    };

    private static decimal? Exact(double real) =>
        Math.Abs(real) < 1e15 && (decimal)real is var exact && (double)exact == real ? exact : null;
}

internal sealed class TableColumn
{
    public required string TableName { get; init; }

    public required string ColumnName { get; init; }
}

/// <summary>What is in the database is no row that the schema provides for; the message names the column, and no value.</summary>
internal sealed class RowNotMovableException(string message) : Exception(message);
