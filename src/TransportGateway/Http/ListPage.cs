using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace TransportGateway.Http;

/// <summary>Which part of a long list a caller asks for: how many rows, and behind which one.</summary>
/// <remarks>
/// The cursor names the last row that was seen by what the list is ordered by, so it holds while rows come and go. It is good for the list that gave it
/// alone, with the same filters. The header <c>Link</c> with <c>rel="next"</c> (RFC 8288) has the whole address.
/// </remarks>
internal sealed class ListPage
{
    public const int Most = 1000;
    private const int MostCursorCharacters = 8000;
    private static readonly string[] OfPages = ["cursor", "limit"];

    private readonly HttpContext _context;
    private readonly int? _limit;

    private ListPage(HttpContext context, int? limit, string[]? after)
    {
        _context = context;
        _limit = limit;
        After = after;
    }

    /// <summary>The last row that was seen, by what the list is ordered by; null at the beginning.</summary>
    public IReadOnlyList<string>? After { get; }

    /// <exception cref="UnreadableException">The limit is no number, or the cursor is not of this list.</exception>
    public static ValueTask<ListPage?> BindAsync(HttpContext context)
    {
        int? limit = null;
        if (context.Request.Query["limit"].ToString() is { Length: > 0 } text)
        {
            limit = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? Math.Clamp(number, 1, Most)
                : throw new UnreadableException("limit-invalid", $"limit is not a whole number; it is 1 to {Most}.");
        }

        var cursor = context.Request.Query["cursor"].ToString();
        return ValueTask.FromResult<ListPage?>(new ListPage(context, limit, cursor.Length == 0 ? null : Read(context, cursor) ?? throw Unknown()));
    }

    /// <param name="proposed">How many rows come when the caller does not say.</param>
    public int Limit(int proposed = Most) => _limit ?? proposed;

    /// <summary>Of a list that is ordered by one thing: behind which one to go on.</summary>
    public string? AfterOne => After is null ? null : After is [var one] ? one : throw Unknown();

    /// <summary>Of a list that is ordered by an instant and an identifier: behind which place to go on.</summary>
    public ListPlace? AfterPlace => After switch
    {
        null => null,
        [var instant, var id] when long.TryParse(instant, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() => new ListPlace(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), id),
        _ => throw Unknown(),
    };

    /// <summary>Tells where the rows behind this one are.</summary>
    /// <param name="last">The last row of this page, by what the list is ordered by.</param>
    public void Continue(params string[] last)
    {
        var cursor = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes<string[]>([ListOf(_context), .. last]));
        var query = _context.Request.Query.Where(entry => entry.Key != "cursor").SelectMany(entry => entry.Value.Select(value => KeyValuePair.Create(entry.Key, value)));
        _context.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(_context.Request.Path.ToUriComponent(), query.Append(KeyValuePair.Create("cursor", (string?)cursor)))}>; rel=\"next\"";
    }

    /// <summary>Answers with the page of a list whose rows were read behind <see cref="After"/>, one more than fit where there are more.</summary>
    public T[] Cut<T>(IReadOnlyCollection<T> rows, int limit, Func<T, string[]> key)
    {
        T[] page = [.. rows.Take(limit)];
        if (rows.Count > limit)
        {
            Continue(key(page[^1]));
        }

        return page;
    }

    /// <summary>The page of a list that is in memory.</summary>
    /// <param name="key">What it is ordered by; no two rows have the same.</param>
    public T[] Of<T>(IEnumerable<T> rows, Func<T, string> key, bool descending = false)
    {
        var after = AfterOne;
        var direction = descending ? -1 : 1;
        var behind = rows.Where(row => after is null || string.CompareOrdinal(key(row), after) * direction > 0);
        T[] ordered = [.. descending ? behind.OrderByDescending(key, StringComparer.Ordinal) : behind.OrderBy(key, StringComparer.Ordinal)];
        return Cut(ordered, Limit(), row => [key(row)]);
    }

    /// <summary>An instant as a text that sorts as it does.</summary>
    public static string Sortable(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds().ToString("D15", CultureInfo.InvariantCulture);

    /// <summary>The problem of a cursor that another list gave, or none.</summary>
    public static UnreadableException Unknown() =>
        new("cursor-unknown", "This cursor is not of this list. Begin again without one, and go on at the address in the header Link.");

    private static string[]? Read(HttpContext context, string cursor)
    {
        try
        {
            return cursor.Length <= MostCursorCharacters && JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(cursor)) is [var list, .. { Length: > 0 } after] && list == ListOf(context)
                && !Array.Exists(after, text => text is null || text.Contains('\0', StringComparison.Ordinal))
                    ? after
                    : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The path with its filters, in short.</summary>
    private static string ListOf(HttpContext context)
    {
        const int Bytes = 8;
        var filters = context.Request.Query.Where(entry => !OfPages.Contains(entry.Key)).OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}={entry.Value}");
        var name = $"{context.Request.Path.Value!.ToUpperInvariant()}?{string.Join('&', filters)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, Bytes));
    }
}

/// <summary>Where a row stands in a list that is ordered by an instant and an identifier, also when it is there no more.</summary>
internal sealed record ListPlace(DateTimeOffset Instant, string Id);
