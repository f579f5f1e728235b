using TransportGateway.Persistence;

namespace TransportGateway.Tests.Harness;

/// <summary>All there is in a database, by other means than those that move it.</summary>
internal static class DatabaseText
{
    /// <summary>The rows of each table.</summary>
    public static async Task<SortedDictionary<string, string[]>> OfAsync(Database database)
    {
        await using var session = await database.ReadAsync();
        var all = new SortedDictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var table in (await session.ColumnsAsync(CancellationToken.None)).GroupBy(column => column.TableName))
        {
            var rows = await session.QueryAsync<dynamic>($"SELECT {string.Join(", ", table.Select(column => column.ColumnName).Order(StringComparer.Ordinal))} FROM {table.Key}", null, CancellationToken.None);
            all[table.Key] = [.. rows.Select(row => string.Join('|', ((IDictionary<string, object?>)row).Select(field => Text(field.Value)))).Order(StringComparer.Ordinal)];
        }

        return all;
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        byte[] bytes => "x" + Convert.ToHexString(bytes),
        bool truth => truth ? "1" : "0",
        string text => $"'{text}'",
        _ => value.ToString()!,
    };
}
