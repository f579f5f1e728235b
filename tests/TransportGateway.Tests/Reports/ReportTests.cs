using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Jobs;
using TransportGateway.Reports;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Reports;

/// <summary>Reports of an account, on both engines.</summary>
public abstract class ReportTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>(_clock);
        var token = await _gateway.CreateTokenAsync();
        foreach (var definition in SeedProducts.All)
        {
            var product = _gateway.Product(definition, clock: _clock);
            Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        }
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task The_licence_and_the_instance_report_tell_what_the_tables_tell()
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        var licenses = JsonNode.Parse(await http.GetStringAsync(Path("licenses")))!;
        var lifecycle = licenses["rows"]!.AsArray().Single(row => row![1]!.ToString() == "Prime Infrastructure 3.x, Lifecycle Lic.")!.AsArray();
        Assert.Equal(["Default", "48", "-48", "Out Of Compliance", "Insufficient Licenses"], new[] { 0, 5, 7, 9, 10 }.Select(at => lifecycle[at]!.ToString()));
        Assert.Equal(8, licenses["rows"]!.AsArray().Count);

        var csv = await http.GetStringAsync(Path("product-instances") + "?format=csv&virtualAccount=default");
        Assert.StartsWith("Local Virtual Account,Name,Product Type,", csv, StringComparison.Ordinal);
        Assert.Contains("\r\nDefault,", csv, StringComparison.Ordinal);
        Assert.Contains("annanr-39", csv, StringComparison.Ordinal);
        Assert.Equal(4, csv.Split("2026-03-01 12:00:00,2026-03-01 12:00:00").Length - 1);
    }

    [Fact]
    public async Task What_is_used_is_written_down_once_a_day()
    {
        await RecordAsync();
        _clock.Advance(TimeSpan.FromHours(3));
        await RecordAsync();
        _clock.Advance(TimeSpan.FromDays(1));
        await RecordAsync();

        var rows = await HistoryAsync();
        Assert.Equal(["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"], rows.Where(row => row![1]!.ToString().Contains("Lifecycle", StringComparison.Ordinal)).Select(row => row![0]!.ToString()));
        Assert.All(rows.Where(row => row![1]!.ToString().Contains("Lifecycle", StringComparison.Ordinal)), row => Assert.Equal(("0", "48"), (row![3]!.ToString(), row[4]!.ToString())));

        _clock.Advance(TimeSpan.FromDays(RecordUsage.DaysKept));
        await RecordAsync();
        Assert.Equal(16, await CountAsync("day >= @Day"));
        Assert.Equal(0, await CountAsync("day < @Day"));
    }

    [Fact]
    public async Task The_page_draws_what_was_used_and_hands_out_files()
    {
        await RecordAsync();
        await _gateway.UserAsync("anna", Roles.SystemOperator);
        using var browser = await Browser.SignInAsync(_gateway, "anna");
        var account = Uri.EscapeDataString(_gateway.Account.Name);
        var page = WebUtility.HtmlDecode(await browser.PageAsync($"/licensing/{account}/reports"));
        Assert.Contains("<polyline class=\"used\"", page, StringComparison.Ordinal);
        using var file = await browser.GetAsync($"/licensing/{account}/reports?handler=File&report=licenses&format=xlsx&part=");
        Assert.Equal("licenses.xlsx", file.Content.Headers.ContentDisposition!.FileName);
        using var archive = new ZipArchive(await file.Content.ReadAsStreamAsync());
        Assert.Contains(archive.Entries, entry => entry.FullName.EndsWith("sheet1.xml", StringComparison.Ordinal));
        Assert.Contains(",user-created,", await browser.PageAsync("/administration/events?handler=File"), StringComparison.Ordinal);
        Assert.Contains(",instance-registered,", await browser.PageAsync($"/licensing/{account}/activity?handler=File"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_saves_a_report_in_the_format_that_the_name_says()
    {
        var file = System.IO.Path.Combine(_gateway.Gateway.Directory.Path, "licenses.csv");
        Assert.Contains("licenses.csv", await _gateway.TgctlDoneAsync("report", "save", "licenses", "--out", file), StringComparison.Ordinal);
        Assert.Contains(",-48,", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Contains(".csv, .xlsx or .json", await _gateway.TgctlRefusedAsync("report", "save", "licenses", "--out", "licenses.pdf"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", HttpStatusCode.NotFound, "There are: licenses, product-instances, usage-history")]
    [InlineData("licenses?format=pdf", HttpStatusCode.BadRequest, "json, csv and xlsx")]
    [InlineData("licenses?virtualAccount=elsewhere", HttpStatusCode.NotFound, "no local virtual account 'elsewhere'")]
    public async Task What_is_not_there_is_refused_with_what_is(string report, HttpStatusCode status, string expected)
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        using var answer = await http.GetAsync(Path(report));
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(expected, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    private string Path(string report) => $"/api/v2/accounts/{Uri.EscapeDataString(_gateway.Account.Name)}/reports/{report}";

    private async Task<JsonArray> HistoryAsync()
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        return JsonNode.Parse(await http.GetStringAsync(Path("usage-history")))!["rows"]!.AsArray();
    }

    private Task<long> CountAsync(string condition) => _gateway.ReadAsync(session =>
        session.ScalarAsync<long>($"SELECT COUNT(*) FROM usage_history WHERE {condition}", new { Day = new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero) }, CancellationToken.None));

    private Task RecordAsync() => _gateway.Gateway.Services.GetServices<IJob>().OfType<RecordUsage>().Single().RunAsync(CancellationToken.None);
}

public sealed class SqliteReportTests : ReportTests<SqliteEngine>;

public sealed class PostgreSqlReportTests : ReportTests<PostgreSqlEngine>;

/// <summary>What a spreadsheet must not take for a formula.</summary>
public sealed class ReportFileTests
{
    private static readonly string[] Hostile = ["=HYPERLINK(\"http://evil.example.com\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "a\"b,c\nd"];

    [Fact]
    public void No_text_is_a_formula_in_a_csv_file()
    {
        var text = Encoding.UTF8.GetString(ReportFile.Write(Of(Hostile), ReportFile.Csv));
        var cells = text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Trim('"')).ToArray();
        Assert.Equal(Hostile.Length, cells.Length);
        Assert.All(cells, cell => Assert.DoesNotContain(cell[0], "=+-@\t\r"));
        Assert.Contains("'=HYPERLINK", text, StringComparison.Ordinal);
        // A number that is negative stays a number.
        Assert.Contains("\r\n-48\r\n", Encoding.UTF8.GetString(ReportFile.Write(new Report("x", ["Balance"], [[-48L]]), ReportFile.Csv)), StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_is_a_formula_in_a_spreadsheet()
    {
        using var archive = new ZipArchive(new MemoryStream(ReportFile.Write(Of([.. Hostile, "\u0000\ufffe]]>&<"]), ReportFile.Xlsx)));
        using var sheet = new StreamReader(archive.Entries.Single(entry => entry.FullName.EndsWith("sheet1.xml", StringComparison.Ordinal)).Open());
        var xml = System.Xml.Linq.XDocument.Parse(sheet.ReadToEnd());
        Assert.DoesNotContain(xml.Descendants(), element => element.Name.LocalName == "f");
        Assert.Contains(xml.Descendants(), element => element.Name.LocalName is "v" or "t" && element.Value == Hostile[0]);
    }

    [Fact]
    public void A_report_without_rows_has_its_columns()
    {
        Assert.Equal("\ufeffName\r\n", Encoding.UTF8.GetString(ReportFile.Write(Of([]), ReportFile.Csv)));
        using var archive = new ZipArchive(new MemoryStream(ReportFile.Write(Of([]), ReportFile.Xlsx)));
        using var sheet = new StreamReader(archive.Entries.Single(entry => entry.FullName.EndsWith("sheet1.xml", StringComparison.Ordinal)).Open());
        Assert.Contains("Name", sheet.ReadToEnd(), StringComparison.Ordinal);
    }

    private static Report Of(IEnumerable<string> texts) => new("x", ["Name"], [.. texts.Select(text => new object?[] { text })]);
}
