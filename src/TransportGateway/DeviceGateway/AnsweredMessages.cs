using TransportGateway.Persistence;

namespace TransportGateway.DeviceGateway;

/// <summary>Messages of proven senders with what they were answered: the archive, and the answer to a repeated request (8.7.16).</summary>
internal sealed class AnsweredMessages(DbSession session)
{
    public Task AddAsync(AnsweredMessageRow message, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO answered_messages
              (sender, nonce, request_hash, request, request_type, transport, source, received_at, status, signer_serial, response)
            VALUES
              (@Sender, @Nonce, @RequestHash, @Request, @RequestType, @Transport, @Source, @ReceivedAt, @Status, @SignerSerial, @Response)
            """,
            message,
            cancellationToken);

    public Task<StoredAnswerRow?> FindAsync(string sender, string nonce, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<StoredAnswerRow>(
            "SELECT request_hash, status, signer_serial, response FROM answered_messages WHERE sender = @Sender AND nonce = @Nonce",
            new { Sender = sender, Nonce = nonce },
            cancellationToken);

    /// <summary>Forgets messages of products after their time, and refused registrations as soon as no repetition can count on them.</summary>
    public Task<int> PurgeAsync(DateTimeOffset before, DateTimeOffset refusedRegistrationsBefore, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            DELETE FROM answered_messages
             WHERE received_at < @Before
                OR (received_at < @RefusedBefore AND status = 'FAILED' AND sender LIKE 'csr:%')
            """,
            new { Before = before, RefusedBefore = refusedRegistrationsBefore },
            cancellationToken);
}

internal sealed class StoredAnswerRow
{
    public required byte[] RequestHash { get; init; }

    public required string Status { get; init; }

    public required string SignerSerial { get; init; }

    public required string Response { get; init; }
}

internal sealed class AnsweredMessageRow
{
    /// <summary>The product instance identifier, or <c>csr:</c> and the hash of the key in the signing request.</summary>
    public required string Sender { get; init; }

    public required string Nonce { get; init; }

    /// <summary>SHA-256 of the signed text.</summary>
    public required byte[] RequestHash { get; init; }

    /// <summary>The licensing message as it came, all three levels.</summary>
    public required byte[] Request { get; init; }

    public required string RequestType { get; init; }

    public required string Transport { get; init; }

    public required string Source { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required string Status { get; init; }

    public required string SignerSerial { get; init; }

    public required string Response { get; init; }
}
