using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace TransportGateway.Cli;

/// <summary>Prints lists of objects as tables, in the columns and words that administrators of this kind of server know.</summary>
internal static class Tables
{
    /// <param name="columns">Heading and cell text.</param>
    public static void Print(TextWriter output, IEnumerable<JsonNode?> rows, string footer, params (string Heading, Func<JsonNode, string> Cell)[] columns)
    {
        var table = new Table { Border = TableBorder.Simple, ShowRowSeparators = false };
        foreach (var (heading, _) in columns)
        {
            table.AddColumn(new TableColumn(new Text(heading)) { NoWrap = true });
        }

        var count = 0;
        foreach (var row in rows)
        {
            table.AddRow(columns.Select(column => new Text(column.Cell(row!))));
            count++;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        // A table that is cut to a window's width loses what it was asked for; terminals wrap by themselves.
        console.Profile.Width = 1000;
        if (count > 0)
        {
            console.Write(table);
        }

        output.WriteLine(string.Format(CultureInfo.InvariantCulture, footer, count));
    }

    /// <summary>One thing, line by line.</summary>
    public static void PrintLines(TextWriter output, IEnumerable<(string Heading, string Text)> lines)
    {
        foreach (var (heading, text) in lines)
        {
            output.WriteLine($"{heading + ":",-20} {text}");
        }
    }

    /// <remarks>Names come from products, so they could carry sequences that command a terminal: control characters are shown as question marks.</remarks>
    public static string Text(JsonNode row, string name) => Plain(row[name]?.ToString() ?? "");

    public static string Plain(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter)) : text;

    /// <summary>A text with its line ends, as PEM has them; only for what the gateway itself wrote.</summary>
    public static string Raw(JsonNode row, string name) => row[name]?.ToString() ?? "";

    public static Func<JsonNode, string> Field(string name) => row => Text(row, name);

    /// <summary>2021-Jun-20 18:39:00, in UTC.</summary>
    public static Func<JsonNode, string> Instant(string name) => row =>
        row[name] is { } value && DateTimeOffset.TryParse(value.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? instant.UtcDateTime.ToString("yyyy-MMM-dd HH:mm:ss", CultureInfo.InvariantCulture)
            : "";
}
