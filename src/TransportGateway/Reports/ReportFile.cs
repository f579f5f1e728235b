using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using MiniExcelLibs;
using MiniExcelLibs.OpenXml;

namespace TransportGateway.Reports;

/// <summary>A report as a file that a spreadsheet opens. No text of a product or a person becomes a formula there.</summary>
internal static class ReportFile
{
    public const string Csv = "csv";
    public const string Xlsx = "xlsx";

    public static string TypeOf(string format) => format == Csv ? "text/csv; charset=utf-8" : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    /// <param name="format"><see cref="Csv"/> or <see cref="Xlsx"/>.</param>
    public static byte[] Write(Report report, string format)
    {
        using var file = new MemoryStream();
        if (format == Csv)
        {
            WriteCsv(report, file);
        }
        else
        {
            // Texts are written as texts there, so a formula stays what it looks like.
            file.SaveAs(
                report.Rows.Select(row => report.Columns.Zip(row).ToDictionary(cell => cell.First, cell => Plain(cell.Second), StringComparer.Ordinal)).DefaultIfEmpty(report.Columns.ToDictionary(column => column, _ => (object?)null, StringComparer.Ordinal)),
                sheetName: report.Name,
                configuration: new OpenXmlConfiguration { FastMode = true, TableStyles = TableStyles.None });
        }

        return file.ToArray();
    }

    private static void WriteCsv(Report report, MemoryStream file)
    {
        // The mark at the beginning tells a spreadsheet that it is UTF-8.
        using var text = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), leaveOpen: true);
        using var csv = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\r\n" });
        WriteLine(report.Columns);
        foreach (var row in report.Rows)
        {
            WriteLine(row);
        }

        void WriteLine(IEnumerable<object?> cells)
        {
            foreach (var cell in cells)
            {
                csv.WriteField(cell switch
                {
                    string words => Harmless((string)Plain(words)!),
                    DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                    var other => Convert.ToString(other, CultureInfo.InvariantCulture),
                });
            }

            csv.NextRecord();
        }
    }

    /// <summary>An apostrophe before what a spreadsheet would take for a formula. The library's own escaping does so to negative numbers, too.</summary>
    private static string Harmless(string words) => words is ['=' or '+' or '-' or '@', ..] ? "'" + words : words;

    /// <summary>Without what no XML can hold and no line of a file should.</summary>
    private static object? Plain(object? cell) => cell is string words ? new string([.. words.Where(letter => !char.IsControl(letter) && letter is not ('\ufffe' or '\uffff'))]) : cell;
}
