using System.Globalization;
using Microsoft.AspNetCore.Html;

namespace TransportGateway.Web;

/// <summary>Instants as the person reads them: <c>2021-Jun-20 18:39:00</c> in the browser's time zone (seed note).</summary>
internal sealed class Clockface
{
    private const string Cookie = "tg-zone";

    private readonly TimeZoneInfo _zone;

    private Clockface(TimeZoneInfo zone) => _zone = zone;

    public static Clockface Utc { get; } = new(TimeZoneInfo.Utc);

    /// <summary>The zone's name, as every page shows it.</summary>
    public string Zone => _zone.Id;

    /// <summary>The zone that the browser's script told in a cookie; UTC without one.</summary>
    public static Clockface For(HttpContext context) =>
        context.Request.Cookies[Cookie] is { Length: > 0 and < 64 } name && Find(Uri.UnescapeDataString(name)) is { } zone ? new Clockface(zone) : Utc;

    /// <remarks>The system takes <c>America//New_York</c> too, and remembers every way of writing a zone for ever.</remarks>
    private static TimeZoneInfo? Find(string name) =>
        !name.Contains("//", StringComparison.Ordinal) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;

    /// <summary>When a day begins in the person's zone.</summary>
    public DateTimeOffset StartOf(DateOnly day)
    {
        var midnight = day.ToDateTime(TimeOnly.MinValue);
        return new DateTimeOffset(midnight, _zone.GetUtcOffset(midnight));
    }

    public string Text(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, _zone).ToString("yyyy-MMM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    public IHtmlContent Html(DateTimeOffset? instant) => instant is { } at
        ? new HtmlString($"<time datetime=\"{at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}\">{Text(at)}</time>")
        : new HtmlString("–");
}
