using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Registration;
using TransportGateway.Reports;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Faces;
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
    public async Task A_role_in_one_local_virtual_account_sees_its_alerts_and_reports_and_no_others()
    {
        await RecordAsync();
        using (var http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>()))
        using (await http.PostAsJsonAsync($"/api/v2/accounts/{_gateway.Account.Name}/virtual-accounts", new { name = "Branch" }))
        {
        }

        var branch = (await _gateway.ReadAsync(session => new VirtualAccounts(session).FindByNameAsync(_gateway.Account.Id, "Branch", CancellationToken.None)))!;
        var account = Uri.EscapeDataString(_gateway.Account.Name);
        foreach (var (name, part, sees) in new[] { ("anna", _gateway.VirtualAccount.Id, true), ("bob", branch.Id, false) })
        {
            var user = await _gateway.UserAsync(name, Roles.SystemUser);
            await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(_gateway.Administrator, user, _gateway.Account.Id, part, Roles.VirtualAccountUser, CancellationToken.None);
            using var browser = await Browser.SignInAsync(_gateway, name);
            var alerts = await browser.PageAsync($"/licensing/{account}/alerts");
            Assert.Contains("<h1>Alerts</h1>", alerts, StringComparison.Ordinal);
            Assert.Equal(sees, alerts.Contains("Lifecycle", StringComparison.Ordinal));
            var reports = await browser.PageAsync($"/licensing/{account}/reports");
            Assert.Equal(sees, reports.Contains("<polyline class=\"used\"", StringComparison.Ordinal));
            Assert.Equal(!sees, reports.Contains("<option>Branch</option>", StringComparison.Ordinal));
            Assert.Equal(sees, (await browser.PageAsync($"/licensing/{account}/reports?handler=File&report=licenses&format=csv&part=")).Contains("Lifecycle", StringComparison.Ordinal));
            using var other = await browser.GetAsync($"/licensing/{account}/reports?handler=File&report=licenses&format=csv&part={(sees ? "Branch" : "Default")}");
            Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        }
    }

    [Fact]
    public async Task Reports_are_made_one_at_a_time_and_who_comes_when_many_wait_is_told_to_come_again()
    {
        await _gateway.ExecuteAsync(
            """
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
            INSERT INTO product_instances (id, virtual_account_id, state, udi_key, host_name, software_tag, product_type, export_controlled, registered_at, last_contact_at)
            SELECT 'many-' || n, @VirtualAccountId, 'registered', 'many-' || n, 'many-' || n, 'a tag', 'a type', FALSE, 0, 0 FROM numbers
            """,
            new { VirtualAccountId = _gateway.VirtualAccount.Id });
        var build = _gateway.Gateway.Services.GetRequiredService<BuildReport>();
        using var go = new ManualResetEventSlim();
        var (under, most) = (0, 0);
        var made = Enumerable.Range(0, BuildReport.MostWaiting + 1)
            .Select(_ => Task.Run(() => build.ExecuteAsync(_gateway.Administrator, _gateway.Account, null, BuildReport.Licenses, Write, CancellationToken.None))).ToArray();
        using var http = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        await Wait.UntilAsync(() => build.Here == made.Length);
        using (var answer = await http.GetAsync(Path("licenses")))
        {
            await ProblemTests.IsProblemAsync(answer, 429, "busy", "Too many reports");
            Assert.Equal("10", answer.Headers.RetryAfter!.ToString());
        }

        await _gateway.UserAsync("anna", Roles.SystemOperator);
        using var browser = await Browser.SignInAsync(_gateway, "anna");
        using (var page = await browser.GetAsync($"/licensing/{Uri.EscapeDataString(_gateway.Account.Name)}/reports?handler=File&report=licenses&format=csv&part="))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, page.StatusCode);
            Assert.Contains("Too many reports are being made", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var events = await browser.GetAsync("/administration/events?handler=File"))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, events.StatusCode);
            Assert.Equal("10", events.Headers.RetryAfter!.ToString());
            Assert.Contains("Too many reports are being made", await events.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        // All devices take as much room as a report; a few of them do not.
        var devices = $"/api/v1/accounts/{Uri.EscapeDataString(_gateway.Account.Name)}/virtual-accounts/Default/devices";
        foreach (var all in new[] { "", "?limit=-1", "?limit=1001" })
        {
            using var answer = await http.GetAsync(devices + all);
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal("10", answer.Headers.RetryAfter!.ToString());
            var refused = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Equal(("ERROR", "Too many reports are being made. Try again in a few seconds."), (refused["status"]!.ToString(), refused["statusMessage"]!.ToString()));
        }

        foreach (var few in new[] { "?limit=1000", "?offset=10" })
        {
            Assert.Equal(few == "?offset=10" ? 994 : 1000, JsonNode.Parse(await http.GetStringAsync(devices + few))!["devices"]!.AsArray().Count);
        }

        go.Set();
        Assert.All(await Task.WhenAll(made), file => Assert.Equal([1], file!));
        Assert.Equal(1, most);
        using var later = await http.GetAsync(Path("licenses"));
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
        var listed = JsonNode.Parse(await http.GetStringAsync(devices))!;
        Assert.Equal((1004, 1004), (listed["devices"]!.AsArray().Count, listed["totalRecords"]!.GetValue<int>()));

        byte[] Write(Report report)
        {
            most = Math.Max(most, Interlocked.Increment(ref under));
            go.Wait();
            Interlocked.Decrement(ref under);
            return [1];
        }
    }

    [Fact]
    public async Task A_product_that_moves_between_accounts_meanwhile_is_in_each_report_once()
    {
        using var http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using (await http.PostAsJsonAsync($"/api/v2/accounts/{_gateway.Account.Name}/virtual-accounts", new { name = "Branch" }))
        {
        }

        var (build, transfer) = (_gateway.Gateway.Services.GetRequiredService<BuildReport>(), _gateway.Gateway.Services.GetRequiredService<TransferInstance>());
        var moved = (await _gateway.ReadAsync(session => new Inventory(session).ListAsync(_gateway.VirtualAccount.Id, 1, 0, CancellationToken.None)))[0];
        var used = 0L;
        await build.ExecuteAsync(_gateway.Administrator, _gateway.Account, null, BuildReport.Licenses, Use, CancellationToken.None);
        using var enough = new CancellationTokenSource();
        var moving = Task.Run(async () =>
        {
            for (var there = true; !enough.IsCancellationRequested; there = !there)
            {
                Assert.IsType<TransferInstance.Outcome.Transferred>(await transfer.ExecuteAsync(_gateway.Administrator, moved.Id, there ? "Branch" : "Default", CancellationToken.None));
            }
        });
        for (var report = 0; report < 200; report++)
        {
            await build.ExecuteAsync(_gateway.Administrator, _gateway.Account, null, BuildReport.Instances, Once, CancellationToken.None);
            await build.ExecuteAsync(_gateway.Administrator, _gateway.Account, null, BuildReport.Licenses, UsedAsBefore, CancellationToken.None);
        }

        await enough.CancelAsync();
        await moving;

        static byte[] Once(Report report)
        {
            Assert.Equal(4, report.Rows.Select(row => row[^1]).Distinct().Count());
            Assert.Equal(4, report.Rows.Count);
            return [];
        }

        static long InUse(object?[] row) => (long)row[5]!;

        byte[] Use(Report report)
        {
            used = report.Rows.Sum(InUse);
            return [];
        }

        byte[] UsedAsBefore(Report report)
        {
            Assert.Equal(used, report.Rows.Sum(InUse));
            return [];
        }
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
