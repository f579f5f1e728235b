using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;
using TransportGateway.Reports;

namespace TransportGateway.Web.Licensing;

/// <summary>Usage of one licence against what was purchased, as a picture that is part of the page: it needs no script, and prints.</summary>
internal static class UsageChart
{
    private const int Width = 720;
    private const int Height = 220;
    private const int Left = 60;
    private const int Bottom = 24;
    private const int Top = 12;

    /// <param name="days">In the order of time; at least one.</param>
    /// <param name="title">What somebody hears who does not see it.</param>
    public static IHtmlContent Draw(IReadOnlyList<UsageDay> days, string title)
    {
        var most = Math.Max(1, days.Max(day => Math.Max(day.Purchased, day.InUse)));
        var first = days[0].Day;
        var span = Math.Max(1, (days[^1].Day - first).TotalDays);
        var picture = new StringBuilder();
        picture.Append(CultureInfo.InvariantCulture, $"<svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{HtmlEncoder.Default.Encode(title)}\">");
        foreach (var mark in new[] { 0, most / 2, most }.Distinct())
        {
            picture.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - 8}\" y1=\"{Y(mark):0.#}\" y2=\"{Y(mark):0.#}\"/><text x=\"{Left - 8}\" y=\"{Y(mark) + 4:0.#}\" text-anchor=\"end\">{mark}</text>");
        }

        picture.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"{Height - 4}\">{first:yyyy-MM-dd}</text><text x=\"{Width - 8}\" y=\"{Height - 4}\" text-anchor=\"end\">{days[^1].Day:yyyy-MM-dd}</text>");
        Line("purchased", day => day.Purchased);
        Line("used", day => day.InUse);
        return new HtmlString(picture.Append("</svg>").ToString());

        double X(UsageDay day) => Left + ((day.Day - first).TotalDays / span * (Width - Left - 8));

        double Y(long value) => Top + ((1 - ((double)value / most)) * (Height - Top - Bottom));

        void Line(string kind, Func<UsageDay, long> value)
        {
            // A single day is a dash as wide as the picture.
            var points = days.Count == 1
                ? string.Create(CultureInfo.InvariantCulture, $"{Left},{Y(value(days[0])):0.#} {Width - 8},{Y(value(days[0])):0.#}")
                : string.Join(' ', days.Select(day => string.Create(CultureInfo.InvariantCulture, $"{X(day):0.#},{Y(value(day)):0.#}")));
            picture.Append(CultureInfo.InvariantCulture, $"<polyline class=\"{kind}\" points=\"{points}\"/>");
        }
    }
}
