using TransportGateway.Persistence;

namespace TransportGateway.DeviceGateway;

/// <summary>Messages whose sender could not be proved, kept for diagnosis: the newest ones only, since anybody can send them.</summary>
internal sealed class RefusedMessages(DbSession session)
{
    public const int MostKept = 1000;

    public Task AddAsync(string transport, string source, string reason, ReadOnlyMemory<byte> request, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO refused_messages (id, received_at, transport, source, reason, request)
            VALUES (@Id, @Now, @Transport, @Source, @Reason, @Request)
            """,
            new { Id = Ids.New(now), Now = now, Transport = transport, Source = source, Reason = reason, Request = request.ToArray() },
            cancellationToken);

    public Task<int> TrimAsync(CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM refused_messages WHERE id NOT IN (SELECT id FROM refused_messages ORDER BY received_at DESC, id DESC LIMIT @Most)",
            new { Most = MostKept },
            cancellationToken);
}
