using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.DeviceGateway;

/// <summary>Messages whose sender could not be proved, kept for diagnosis: the newest ones only, since anybody can send them.</summary>
/// <remarks>Sealed, since a registration that could not be read may hold a good token.</remarks>
internal sealed class RefusedMessages(DbSession session, MasterKey masterKey)
{
    public const int MostKept = 1000;

    private const string Listed = "id, received_at, transport, source, reason";

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

    /// <summary>The newest first, without what they hold.</summary>
    /// <param name="after">Only those behind this one; null from the start.</param>
    public Task<IReadOnlyList<ArchivedMessage>> ListAsync(ListPlace? after, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<ArchivedMessage>(
            $"""
            SELECT {Listed}
              FROM refused_messages
             WHERE {(after is null ? "TRUE" : "(received_at, id) < (@AfterReceivedAt, @AfterId)")}
             ORDER BY received_at DESC, id DESC
             LIMIT @Limit
            """,
            new { AfterReceivedAt = after?.Instant, AfterId = after?.Id, Limit = limit },
            cancellationToken);

    public async Task<WholeMessage?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        var message = await session.QuerySingleOrDefaultAsync<WholeMessage>(
            $"SELECT {Listed}, request FROM refused_messages WHERE id = @Id", new { Id = id }, cancellationToken);
        if (message is not null)
        {
            message.Request = masterKey.Open(Purpose(id), message.Request);
        }

        return message;
    }

    private static string Purpose(string id) => "refused-message:" + id;
}
