using System.Text;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Messages of proven senders with what they were answered: the archive, and the answer to a repeated request (8.7.16).</summary>
/// <remarks>A message of any type can hold a token that is good for many more, and a refusal can quote it: both are sealed.</remarks>
internal sealed class AnsweredMessages(DbSession session, MasterKey masterKey)
{
    private const string Find = "SELECT request_hash, received_at, status, signer_serial, response FROM answered_messages WHERE sender = @Sender AND nonce = @Nonce";

    /// <summary>The last that its session does: stored and committed, or neither.</summary>
    public Task AddAndCommitAsync(AnsweredMessageRow message) =>
        session.CommitAsync(
            """
            INSERT INTO answered_messages
              (sender, nonce, request_hash, request, request_type, transport, source, received_at, status, signer_serial, response)
            VALUES
              (@Sender, @Nonce, @RequestHash, @Request, @RequestType, @Transport, @Source, @ReceivedAt, @Status, @SignerSerial, @Response)
            """,
            message with
            {
                Request = message.Request.Length == 0 ? [] : masterKey.Seal(Purpose("request", message.Sender, message.Nonce), message.Request),
                Response = message.Status != DeviceStatus.Failed ? message.Response
                    : Convert.ToBase64String(masterKey.Seal(Purpose("response", message.Sender, message.Nonce), Encoding.UTF8.GetBytes(message.Response))),
            });

    public async Task<StoredAnswerRow?> FindAsync(string sender, string nonce, CancellationToken cancellationToken) =>
        Open(await session.QuerySingleOrDefaultAsync<StoredAnswerRow>(Find, new { Sender = sender, Nonce = nonce }, cancellationToken), sender, nonce);

    /// <summary>An instance, the certificate of its that a message names, and what the message was answered before, each of which may be null.</summary>
    public Task<(InstanceRow? Instance, IdCertificateRow? Certificate, StoredAnswerRow? Answer)> FindWithSenderAsync(
        string instanceId, string? serial, string nonce, CancellationToken cancellationToken) =>
        session.QueryTogetherAsync(
            $"{ProductInstances.Find}; {IdCertificates.Find}; {Find}",
            new { Id = instanceId, InstanceId = instanceId, Serial = serial ?? "", Sender = instanceId, Nonce = nonce },
            async results => (
                await results.ReadSingleOrDefaultAsync<InstanceRow>(),
                await results.ReadSingleOrDefaultAsync<IdCertificateRow>(),
                Open(await results.ReadSingleOrDefaultAsync<StoredAnswerRow>(), instanceId, nonce)),
            cancellationToken);

    /// <summary>Forgets messages of products after their time, and refused registrations as soon as no repetition can count on them.</summary>
    public static Task<int> PurgeAsync(DbSession session, DateTimeOffset before, DateTimeOffset refusedRegistrationsBefore, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            DELETE FROM answered_messages
             WHERE received_at < @Before
                OR (received_at < @RefusedBefore AND status = 'FAILED' AND sender LIKE 'csr:%')
            """,
            new { Before = before, RefusedBefore = refusedRegistrationsBefore },
            cancellationToken);

    private StoredAnswerRow? Open(StoredAnswerRow? row, string sender, string nonce) => row is null || row.Status != DeviceStatus.Failed ? row : row with
    {
        Response = Encoding.UTF8.GetString(masterKey.Open(Purpose("response", sender, nonce), Convert.FromBase64String(row.Response))),
    };

    private static string Purpose(string what, string sender, string nonce) => $"archived-{what}:{sender}:{nonce}";
}

internal sealed record StoredAnswerRow
{
    public required byte[] RequestHash { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required string Status { get; init; }

    public required string SignerSerial { get; init; }

    public required string Response { get; init; }
}

internal sealed record AnsweredMessageRow
{
    /// <summary>The product instance identifier, or <c>csr:</c> and the hash of the key in the signing request.</summary>
    public required string Sender { get; init; }

    public required string Nonce { get; init; }

    /// <summary>SHA-256 of the signed text.</summary>
    public required byte[] RequestHash { get; init; }

    /// <summary>The licensing message as it came, all three levels, or its beginning; empty for a refused registration.</summary>
    public required byte[] Request { get; init; }

    public required string RequestType { get; init; }

    public required string Transport { get; init; }

    public required string Source { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required string Status { get; init; }

    public required string SignerSerial { get; init; }

    public required string Response { get; init; }
}
