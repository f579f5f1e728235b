using TransportGateway.Persistence;

namespace TransportGateway.DeviceGateway;

/// <summary>Messages whose sender could not be proved, kept for diagnosis: the newest ones only, since anybody can send them.</summary>
/// <remarks>Sealed, since a registration that could not be read may hold a good token.</remarks>
internal sealed class RefusedMessages(DbSession session, MasterKey masterKey)
{
    public const int MostKept = 1000;

    public async Task AddAsync(string transport, string source, string reason, ReadOnlyMemory<byte> request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var id = Ids.New(now);
        await session.ExecuteAsync(
            """
            INSERT INTO refused_messages (id, received_at, transport, source, reason, request)
            VALUES (@Id, @Now, @Transport, @Source, @Reason, @Request)
            """,
            new { Id = id, Now = now, Transport = transport, Source = source, Reason = reason, Request = masterKey.Seal(Purpose(id), request.Span) },
            cancellationToken);
        await session.ExecuteAsync(
            "DELETE FROM refused_messages WHERE id NOT IN (SELECT id FROM refused_messages ORDER BY received_at DESC, id DESC LIMIT @Most)",
            new { Most = MostKept },
            cancellationToken);
    }

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<byte[]>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await session.QueryAsync<Row>("SELECT id, request FROM refused_messages ORDER BY received_at DESC, id DESC", null, cancellationToken))
            .Select(row => masterKey.Open(Purpose(row.Id), row.Request))];

    private static string Purpose(string id) => "refused-message:" + id;

    private sealed class Row
    {
        public required string Id { get; init; }

        public required byte[] Request { get; init; }
    }
}
