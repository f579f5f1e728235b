using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.WebUtilities;
using TransportGateway.Http;

namespace TransportGateway.Web;

/// <summary>What part of a long list a page shows: search text, order and page, all in the page's address, so that it can be bookmarked.</summary>
internal sealed class Listing
{
    public const int PageSize = 50;
    private const int MostSearchCharacters = 200;

    private readonly HttpRequest _request;
    private readonly string _prefix;

    private Listing(HttpRequest request, string prefix, string search, string sort, bool descending, int page)
    {
        _request = request;
        _prefix = prefix;
        Search = search;
        Sort = sort;
        Descending = descending;
        Page = page;
    }

    public string Search { get; }

    /// <summary>One of the names that the page allows.</summary>
    public string Sort { get; }

    public bool Descending { get; }

    /// <summary>From 1.</summary>
    public int Page { get; }

    public int Offset => (Page - 1) * PageSize;

    /// <summary>The page's address without what it shows of the list.</summary>
    public string Path => SentAddress.PathOf(_request);

    /// <summary>How many rows match, on all pages; set by the page.</summary>
    public long Total { get; set; }

    public long Pages => Math.Max(1, (Total + PageSize - 1) / PageSize);

    /// <param name="sortable">The names that it can be ordered by; the first is the order that nobody asked for. One with a minus before it starts descending.</param>
    public static Listing From(HttpRequest request, params string[] sortable) => Second(request, "", sortable);

    /// <summary>The same for another list on the page; its parameters begin with the prefix.</summary>
    public static Listing Second(HttpRequest request, string prefix, params string[] sortable)
    {
        var proposed = sortable[0];
        var names = sortable.Select(name => name.TrimStart('-')).ToArray();
        var asked = request.Query[prefix + "sort"].ToString() is { Length: > 0 } given && names.Contains(given.TrimStart('-')) ? given : proposed;
        return new Listing(
            request,
            prefix,
            Plain(request.Query[prefix + "search"].ToString()),
            asked.TrimStart('-'),
            asked.StartsWith('-'),
            int.TryParse(request.Query[prefix + "page"], NumberStyles.None, CultureInfo.InvariantCulture, out var page) ? Math.Clamp(page, 1, 1_000_000) : 1);
    }

    /// <summary>What is searched for, of what was typed: not too long, and without a zero character, which is in no name and which PostgreSQL does not take.</summary>
    public static string Plain(string typed)
    {
        var text = typed.Trim();
        return (text.Length > MostSearchCharacters ? text[..MostSearchCharacters] : text).Replace("\0", "", StringComparison.Ordinal);
    }

    /// <summary>The rows of this page, of a list that is in memory.</summary>
    /// <param name="texts">What the search looks at.</param>
    /// <param name="key">What the rows are ordered by, for the name in <see cref="Sort"/>.</param>
    public IReadOnlyList<T> Of<T>(IEnumerable<T> rows, Func<T, IEnumerable<string?>> texts, Func<T, IComparable?> key) => Of(rows, texts, _ => "", key);

    /// <param name="group">What keeps rows together, whatever they are ordered by.</param>
    public IReadOnlyList<T> Of<T>(IEnumerable<T> rows, Func<T, IEnumerable<string?>> texts, Func<T, string> group, Func<T, IComparable?> key)
    {
        var found = (Search.Length == 0 ? rows : rows.Where(row => texts(row).Any(text => text?.Contains(Search, StringComparison.OrdinalIgnoreCase) == true)))
            .OrderBy(group, StringComparer.Ordinal);
        var all = (Descending ? found.ThenByDescending(key, Comparer<IComparable?>.Default) : found.ThenBy(key, Comparer<IComparable?>.Default)).ToArray();
        Total = all.Length;
        return [.. all.Skip(Offset).Take(PageSize)];
    }

    /// <summary>A column's heading, which orders by it; again, the other way round.</summary>
    public IHtmlContent Heading(string label, string sort, bool isNumber = false)
    {
        var isOrder = sort == Sort;
        var state = isOrder ? Descending ? "descending" : "ascending" : "none";
        var arrow = isOrder ? Descending ? " ▼" : " ▲" : "";
        var address = Address((_prefix + "sort", isOrder && !Descending ? "-" + sort : sort), (_prefix + "page", null));
        return new HtmlString(
            $"<th scope=\"col\" aria-sort=\"{state}\"{(isNumber ? " class=\"number\"" : "")}><a href=\"{Encoded(address)}\">{Encoded(label)}<span aria-hidden=\"true\">{arrow}</span></a></th>");
    }

    /// <summary>Where in the list this is, in the words of ssm-on-prem 2.2 and 2.3, with the ways to the other pages.</summary>
    /// <param name="alwaysCountsPages">Also when all is on one page.</param>
    public IHtmlContent Pager(Texts texts, bool alwaysCountsPages = false)
    {
        var where = Pages == 1 && Page == 1 && !alwaysCountsPages ? texts["Showing All {0} Records", Total] : texts["Showing Page {0} of {1} ({2} Records)", Page, Pages, Total];
        var text = new HtmlContentBuilder().AppendHtml($"<p class=\"pager\"><span>{Encoded(where)}</span>");
        if (Page > 1)
        {
            text.AppendHtml($"<a href=\"{Encoded(Address((_prefix + "page", null)))}\">{Encoded(texts["First"])}</a><a rel=\"prev\" href=\"{Encoded(Address((_prefix + "page", (Page - 1).ToString(CultureInfo.InvariantCulture))))}\">{Encoded(texts["Previous"])}</a>");
        }

        if (Page < Pages)
        {
            text.AppendHtml($"<a rel=\"next\" href=\"{Encoded(Address((_prefix + "page", (Page + 1).ToString(CultureInfo.InvariantCulture))))}\">{Encoded(texts["Next"])}</a><a href=\"{Encoded(Address((_prefix + "page", Pages.ToString(CultureInfo.InvariantCulture))))}\">{Encoded(texts["Last"])}</a>");
        }

        return text.AppendHtml("</p>");
    }

    /// <summary>This page's address with some of its parameters changed; null takes one out.</summary>
    public string Address(params (string Name, string? Value)[] changes)
    {
        var query = _request.Query.ToDictionary(entry => entry.Key, entry => (string?)entry.Value.ToString(), StringComparer.Ordinal);
        query.Remove("handler");
        foreach (var (name, value) in changes)
        {
            query[name] = value;
        }

        return QueryHelpers.AddQueryString(Path, query.Where(entry => !string.IsNullOrEmpty(entry.Value)));
    }

    /// <summary>The parameters that a search keeps, as hidden fields.</summary>
    public IEnumerable<KeyValuePair<string, string>> Kept =>
        _request.Query.Where(entry => entry.Key != "handler" && entry.Key != _prefix + "search" && entry.Key != _prefix + "page").Select(entry => KeyValuePair.Create(entry.Key, entry.Value.ToString()));

    private static string Encoded(string text) => HtmlEncoder.Default.Encode(text);
}
