using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Reports;

namespace TransportGateway.Web;

/// <summary>The event log as a page shows it: filtered, ordered by time, paged. The filter is in the page's address, and the same rows are there as a file.</summary>
internal sealed class EventListing
{
    private const int FirstYear = 1970;
    private const int LastYear = 9000;
    private static readonly string[] OwnParameters = ["severity", "kind", "user", "from", "to"];

    private readonly EventFilter _filter;
    private readonly Texts _texts;

    private EventListing(GatewayPage page, EventFilter scope)
    {
        var query = page.Request.Query;
        _texts = page.T;
        List = Listing.From(page.Request, "-time");
        Kinds = [.. scope.Kinds ?? EventKinds.All];
        Severity = Events.Severity.All.FirstOrDefault(known => known == query["severity"]) ?? "";
        Kind = Kinds.FirstOrDefault(known => known == query["kind"]) ?? "";
        User = Listing.Plain(query["user"].ToString());
        From = query["from"].ToString();
        To = query["to"].ToString();
        _filter = scope with
        {
            Severity = Severity,
            Kinds = Kind.Length > 0 ? [Kind] : scope.Kinds,
            Actor = User,
            Text = List.Search,
            From = Day(From) is { } from ? page.Times.StartOf(from) : null,
            Before = Day(To) is { } to ? page.Times.StartOf(to.AddDays(1)) : null,
        };
    }

    public Listing List { get; }

    public IReadOnlyList<EventRow> Rows { get; private set; } = [];

    /// <summary>Those that can be chosen.</summary>
    public IReadOnlyList<string> Kinds { get; }

    public string Severity { get; }

    public string Kind { get; }

    public string User { get; }

    public string From { get; }

    public string To { get; }

    /// <summary>What is wrong with the filter, in a sentence; then nothing is shown rather than too much.</summary>
    public string? Problem => new[] { From, To }.FirstOrDefault(text => text.Length > 0 && Day(text) is null) is { } wrong ? _texts["{0} is no date. Write it like 2021-06-20.", wrong] : null;

    /// <summary>The parameters of the page's address that are no part of the filter.</summary>
    public IEnumerable<KeyValuePair<string, string>> Kept => List.Kept.Where(entry => !OwnParameters.Contains(entry.Key));

    /// <param name="scope">What the page is about, as far as the person may see it.</param>
    public static async Task<EventListing> ReadAsync(GatewayPage page, Database database, EventFilter scope)
    {
        var listing = new EventListing(page, scope);
        if (listing.Problem is null)
        {
            await using var session = await database.ReadAsync(page.Aborted);
            (listing.Rows, listing.List.Total) = await new EventLog(session).SearchAsync(listing._filter, listing.List.Descending, Listing.PageSize, listing.List.Offset, page.Aborted);
        }

        return listing;
    }

    /// <summary>The rows of all pages as a download.</summary>
    public static async Task<IActionResult> FileAsync(GatewayPage page, EventFilter scope)
    {
        var listing = new EventListing(page, scope);
        if (listing.Problem is { } problem)
        {
            return RefusalPage.Of(page.T, StatusCodes.Status400BadRequest, problem);
        }

        try
        {
            var file = await page.HttpContext.RequestServices.GetRequiredService<BuildReport>()
                .EventsAsync(listing._filter, listing.List.Descending, events => ReportFile.Write(events, ReportFile.Csv), page.Aborted);
            return new FileContentResult(file, ReportFile.TypeOf(ReportFile.Csv)) { FileDownloadName = "events.csv" };
        }
        catch (BusyException busy)
        {
            return page.Busy(busy);
        }
    }

    private static DateOnly? Day(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= FirstYear and <= LastYear ? day : null;
}
