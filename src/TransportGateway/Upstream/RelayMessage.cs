using System.Threading.RateLimiting;
using TransportGateway.Accounts;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.Upstream;

/// <summary>Hands a message that was not issued here to its upstream, and keeps a record of what it says.</summary>
internal sealed partial class RelayMessage(Database database, RelayRoutes routes, RelayLimits limits, RecordRelayed record, ILogger<RelayMessage> logger) : IDisposable
{
    private static readonly TimeSpan RecordTime = TimeSpan.FromSeconds(15);

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = limits.AtATime,
        QueueLimit = limits.InLine,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <param name="Whole">What came, byte for byte.</param>
    /// <param name="Payload">The licensing message in it.</param>
    public sealed record Request(RelayPath Path, RelayedRequest Whole, ReadOnlyMemory<byte> Payload, string Source);

    /// <param name="Product">The product as it is recorded; null when nothing is recorded of it.</param>
    public sealed record Outcome(MessageIdentity Identity, Uri Upstream, RelayAnswer Answer, InstanceRow? Product);

    /// <summary>Whether messages of this path may have an upstream at all.</summary>
    public bool Serves(RelayPath path) => routes.Find(path) is not null;

    /// <summary>Null when the message is this gateway's own to answer, or to refuse. Never throws for what product or upstream do.</summary>
    /// <exception cref="System.Data.Common.DbException">Whose message it is cannot be looked up.</exception>
    public async Task<Outcome?> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (routes.Find(request.Path) is not { } upstream
            || request.Whole.CameBack
            || MessageIdentity.Find(request.Payload) is not { } identity
            || !await IsForUpstreamAsync(identity, cancellationToken))
        {
            return null;
        }

        using var total = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        total.CancelAfter(TimeSpan.FromSeconds(routes.Settings.TimeoutSeconds));
        var answer = await SendInTurnAsync(upstream, request.Whole, total.Token);
        return new Outcome(identity, upstream.Address, answer, await TryRecordAsync(request, identity, upstream, answer));
    }

    public void Dispose() => _limiter.Dispose();

    /// <summary>What was issued here is not; nor what names nobody, or products of an account that is not to be relayed.</summary>
    private async Task<bool> IsForUpstreamAsync(MessageIdentity identity, CancellationToken cancellationToken)
    {
        var id = identity.ProductInstanceIdentifier;
        if (identity.Tokens.Count == 0 && id is null)
        {
            return false;
        }

        await using var session = await database.ReadAsync(cancellationToken);
        foreach (var token in identity.Tokens)
        {
            if (await new RegistrationTokens(session).IssuedAsync(TokenText.Hashes(token), cancellationToken))
            {
                return false;
            }
        }

        if (id is not null && await new ProductInstances(session).IssuedAsync(id, cancellationToken))
        {
            return false;
        }

        var known = id is not null ? await new RelayedInstances(session).FindAsync(id, cancellationToken) : null;
        var account = await new LocalAccounts(session).FindAsync(known?.AccountId ?? routes.Settings.AccountId, cancellationToken);
        return account is not { RelayAllowed: false };
    }

    private async Task<RelayAnswer> SendInTurnAsync(RelayUpstream upstream, RelayedRequest message, CancellationToken total)
    {
        try
        {
            using var place = await _limiter.AcquireAsync(permitCount: 1, total);
            return place.IsAcquired ? await upstream.SendAsync(message, total) : new RelayAnswer.Failed("was not asked, because too many messages wait for it");
        }
        catch (OperationCanceledException)
        {
            return new RelayAnswer.Failed("was not asked, because messages before this one took all the time");
        }
    }

    /// <summary>A record that cannot be made keeps no product from its answer.</summary>
    private async Task<InstanceRow?> TryRecordAsync(Request request, MessageIdentity identity, RelayUpstream upstream, RelayAnswer answer)
    {
        if (answer is not RelayAnswer.Whole whole || AnswerShape.FindLicensingText(request.Path, whole.Body) is not { } text || ResponseFacts.Read(text) is not { IsPositive: true } facts)
        {
            return null;
        }

        using var bounded = new CancellationTokenSource(RecordTime);
        try
        {
            return await record.ExecuteAsync(new RecordRelayed.Request(identity, request.Payload, facts, upstream.Address, routes.Settings.AccountId, request.Source), bounded.Token);
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException or OperationCanceledException)
        {
            Log.NotRecorded(logger, exception, identity.ToString());
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The relayed message {Message} was answered but could not be recorded; the product's next message fills the gap")]
        public static partial void NotRecorded(ILogger logger, Exception exception, string message);
    }
}

/// <summary>How many messages are with upstreams at once, and how many more may wait; the rest are told to try again.</summary>
internal sealed record RelayLimits(int AtATime, int InLine)
{
    public static RelayLimits Default { get; } = new(64, 128);
}
