using System.Text;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Messages of proven senders with what they were answered: the archive, and the answer to a repeated request (8.7.16).</summary>
/// <remarks>A message of any type can hold a token that is good for many more, and a refusal can quote it: both are sealed.</remarks>
internal sealed class AnsweredMessages(DbSession session, MasterKey masterKey)
{
    private const string Find = "SELECT request_hash, received_at, status, signer_serial, response FROM answered_messages WHERE sender = @Sender AND nonce = @Nonce";

    private const string Id = "sender || '.' || nonce";

    private const string Listed =
        $"""
        {Id} AS id, received_at, request_type, transport, source, status, virtual_account_id,
        CASE WHEN sender LIKE 'csr:%' THEN registered_instance_id ELSE sender END AS instance_id
        """;

    /// <summary>The last that its session does: stored and committed, or neither.</summary>
    public Task AddAndCommitAsync(AnsweredMessageRow message) =>
        session.CommitAsync(
            """
            INSERT INTO answered_messages
              (sender, nonce, request_hash, request, request_type, transport, source, received_at, status, signer_serial, response,
               virtual_account_id, registered_instance_id)
            VALUES
              (@Sender, @Nonce, @RequestHash, @Request, @RequestType, @Transport, @Source, @ReceivedAt, @Status, @SignerSerial, @Response,
               @VirtualAccountId, @RegisteredInstanceId)
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

    /// <summary>The newest first, without what they hold.</summary>
    /// <param name="instanceId">Only of this product instance, its registration included; null for all.</param>
    /// <param name="virtualAccountIds">Only of products that were there then; null for all, and for those of strangers.</param>
    /// <param name="after">Only those behind this one; null from the start.</param>
    public Task<IReadOnlyList<ArchivedMessage>> ListAsync(
        string? instanceId, IReadOnlyCollection<string>? virtualAccountIds, ListPlace? after, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<ArchivedMessage>(
            $"""
            SELECT {Listed}
              FROM answered_messages
             WHERE {(instanceId is null ? "TRUE" : "(sender = @InstanceId OR registered_instance_id = @InstanceId)")}
               AND {(virtualAccountIds is null ? "TRUE" : session.Dialect.AnyOf("virtual_account_id", "@VirtualAccountIds"))}
               AND {(after is null ? "TRUE" : $"received_at <= @AfterReceivedAt AND (received_at < @AfterReceivedAt OR {Id} < @AfterId)")}
             ORDER BY received_at DESC, {Id} DESC
             LIMIT @Limit
            """,
            new { InstanceId = instanceId, VirtualAccountIds = virtualAccountIds?.ToArray() ?? [], AfterReceivedAt = after?.Instant, AfterId = after?.Id, Limit = limit },
            cancellationToken);

    public async Task<WholeMessage?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        if (id.Split('.') is not [var sender, var nonce]
            || await session.QuerySingleOrDefaultAsync<WholeMessage>(
                $"SELECT {Listed}, request, response, signer_serial FROM answered_messages WHERE sender = @Sender AND nonce = @Nonce",
                new { Sender = sender, Nonce = nonce },
                cancellationToken) is not { } message)
        {
            return null;
        }

        message.Request = message.Request.Length == 0 ? [] : masterKey.Open(Purpose("request", sender, nonce), message.Request);
        message.Response = message.Status != DeviceStatus.Failed ? message.Response : Unseal(message.Response!, sender, nonce);
        return message;
    }

    /// <summary>Forgets messages after their time, so many of the oldest at a time.</summary>
    public static Task<int> PurgeAsync(DbSession session, DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM answered_messages WHERE (sender, nonce) IN (SELECT sender, nonce FROM answered_messages WHERE received_at < @Before ORDER BY received_at LIMIT @Most)",
            new { Before = before, Most = most },
            cancellationToken);

    /// <summary>Forgets refused registrations as soon as no repetition can count on them, so many at a time.</summary>
    public static Task<int> PurgeRefusedRegistrationsAsync(DbSession session, DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            DELETE FROM answered_messages
             WHERE (sender, nonce) IN (SELECT sender, nonce
                                         FROM answered_messages
                                        WHERE received_at < @Before AND status = 'FAILED' AND sender LIKE 'csr:%'
                                        LIMIT @Most)
            """,
            new { Before = before, Most = most },
            cancellationToken);

    private StoredAnswerRow? Open(StoredAnswerRow? row, string sender, string nonce) => row is null || row.Status != DeviceStatus.Failed ? row : row with
    {
        Response = Unseal(row.Response, sender, nonce),
    };

    private string Unseal(string response, string sender, string nonce) =>
        Encoding.UTF8.GetString(masterKey.Open(Purpose("response", sender, nonce), Convert.FromBase64String(response)));

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

    /// <summary>Where the product was when the message came, or where it was registered; null for a stranger.</summary>
    public string? VirtualAccountId { get; init; }

    /// <summary>The product instance that a registration became.</summary>
    public string? RegisteredInstanceId { get; init; }
}
