namespace TransportGateway.Upstream;

/// <summary>A product's message as it came: the bytes, and of the headers those that say what the bytes are.</summary>
/// <param name="Via">The relays that it passed before.</param>
internal sealed record RelayedRequest(ReadOnlyMemory<byte> Body, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<string> Via)
{
    private static readonly string[] Forwarded = ["Content-Type", "Content-Encoding", "Accept", "SOAPAction", "User-Agent"];

    /// <summary>This gateway's name in the Via header, by which it knows its own messages when a loop brings them back.</summary>
    public static string Pseudonym { get; } = "tg-" + Guid.NewGuid().ToString("N");

    public bool CameBack => Via.Any(hop => hop.Contains(Pseudonym, StringComparison.Ordinal));

    public static RelayedRequest Of(HttpRequest request, ReadOnlyMemory<byte> body) => new(
        body,
        [.. Forwarded.SelectMany(name => request.Headers[name].OfType<string>().Select(value => KeyValuePair.Create(name, value)))],
        [.. request.Headers.Via.OfType<string>()]);

    public HttpRequestMessage ToHttp(Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ReadOnlyMemoryContent(Body) };
        foreach (var (name, value) in Headers)
        {
            _ = request.Headers.TryAddWithoutValidation(name, value) || request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("Via", Via.Append("1.1 " + Pseudonym));
        return request;
    }
}
