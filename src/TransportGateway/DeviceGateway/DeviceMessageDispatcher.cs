using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Both transports end here: checks in the order of 8.7.14, hands the message to its use case, stores and signs the answer.</summary>
internal sealed partial class DeviceMessageDispatcher(
    Database database,
    CertificateAuthority authority,
    RegistrationMessages registrations,
    InstanceMessages instanceMessages,
    RegistrationGate gate,
    RefusalJournal journal,
    MasterKey masterKey,
    RequestTypeNames types,
    TimeProvider clock,
    ILogger<DeviceMessageDispatcher> logger)
{
    private const string Busy = "The gateway is busy with other registrations. Try again in a minute.";
    private const string Overtaken = "The gateway is busy with other messages of this product. Try again in a minute.";
    private const string DatabaseAway = "Server error occurred: the gateway cannot reach its database. Try again in a minute.";

    private const int MostAttempts = 5;

    /// <summary>Of those that agents announce (observed), the ones that are implemented here (8.7.12).</summary>
    private static readonly string[] Capabilities = ["OK_TRY_AGAIN"];

    private static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

    // How long a repeated request gets the same answer (8.7.16).
    private static readonly TimeSpan AnswerKept = TimeSpan.FromHours(1);

    private readonly KeyedLock _inProgress = new();

    /// <summary>Never throws for what a product sent.</summary>
    public async Task<Answer> DispatchAsync(ReceivedMessage received, CancellationToken cancellationToken)
    {
        switch (SmartMessageReader.Read(received.Payload.Span, types))
        {
            case ParsedMessage.Unreadable unreadable:
                return await UnreadableAsync(received, unreadable.Reason, cancellationToken);
            case ParsedMessage.Refused refused:
                await TryEnterAsync(received, refused.Message, about: null, cancellationToken);
                return Sign(refused.Header, new Reply(refused.Status, refused.Message, "refused unread")
                {
                    Code = refused.Status == DeviceStatus.Failed ? RefusalCodes.FieldNotValid : null,
                });
            case ParsedMessage.Readable readable:
                try
                {
                    return await AnswerInTimeAsync(received, readable.Message, cancellationToken);
                }
                catch (Exception exception) when (exception is DbException or Polly.Timeout.TimeoutRejectedException)
                {
                    Log.DatabaseAway(logger, exception);
                    return Sign(readable.Message.Header, new Reply(DeviceStatus.OkTryAgain, DatabaseAway, "database away"));
                }

            case var other:
                throw new InvalidOperationException(other.GetType().Name);
        }
    }

    /// <summary>Starts again when an administrator moved or ended the registration while its message was worked on.</summary>
    private async Task<Answer> AnswerInTimeAsync(ReceivedMessage received, DeviceMessage message, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await database.RetryAsync(token => AnswerAsync(received, message, token), cancellationToken) is { } answer)
            {
                return answer;
            }
        }

        return Sign(message.Header, new Reply(DeviceStatus.OkTryAgain, Overtaken, "overtaken by other changes of the same product"));
    }

    /// <summary>Also for bodies in which a transport found no licensing message at all.</summary>
    public async Task<Answer> UnreadableAsync(ReceivedMessage received, string reason, CancellationToken cancellationToken)
    {
        await TryEnterAsync(received, reason, about: null, cancellationToken);
        return new Answer.Unreadable(reason);
    }

    private async Task<Answer?> AnswerAsync(ReceivedMessage received, DeviceMessage message, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var signedText = Encoding.UTF8.GetBytes(message.Envelope.Request);
        using var turn = await _inProgress.EnterAsync(message.Header.Nonce, cancellationToken);
        var (sender, refusal) = message.Header.RequestType == RequestType.Registration
            ? await IdentifyRegistrationAsync(message, signedText, cancellationToken)
            : await instanceMessages.IdentifyAsync(message, signedText, cancellationToken);
        if (refusal is not null)
        {
            await TryEnterAsync(received, refusal.Reason, refusal.About, cancellationToken);
            return Sign(message.Header, refusal);
        }

        if (Disagreement(message) is { } disagreement)
        {
            await TryEnterAsync(received, disagreement.Reason, sender!.Instance, cancellationToken);
            return Sign(message.Header, disagreement);
        }

        var hash = SHA256.HashData(signedText);
        if (sender!.Answered is { } before)
        {
            return await AnswerAgainAsync(received, sender, before, message, hash, cancellationToken);
        }

        if (sender.Ended is { } ended)
        {
            await TryEnterAsync(received, ended.Reason, sender.Instance, cancellationToken);
            return Sign(message.Header, ended);
        }

        var exchange = new Exchange(received, message, sender, hash, now);
        if (Untimely(message, now) is { } untimely)
        {
            return await StoreAsync(exchange, untimely, isContact: false, cancellationToken);
        }

        return message.Body switch
        {
            // A value that will not do can leave a body unread, so the problem is looked at before the body.
            _ when message.Header.RequestType == RequestType.Unknown => await StoreAsync(
                exchange, Reply.Fail(RefusalCodes.RequestTypeNotServed, RefusalTexts.UnknownRequestType(message.Header.RequestTypeText), "unknown request type"), isContact: true, cancellationToken),
            _ when message.DataProblem is { } problem => await StoreAsync(exchange, Reply.Fail(RefusalCodes.FieldNotValid, problem, "a value that will not do"), isContact: true, cancellationToken),
            RegistrationBody => await RegisterAsync(exchange, cancellationToken),
            _ => await CommitAsync(
                exchange, session => instanceMessages.HandleAsync(session, exchange.Sender, message, now, cancellationToken), cancellationToken),
        };
    }

    private async Task<Answer?> RegisterAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        using var place = await gate.EnterAsync(cancellationToken);
        if (place is null)
        {
            return Sign(exchange.Message.Header, new Reply(DeviceStatus.OkTryAgain, Busy, "busy"));
        }

        var prepared = await registrations.PrepareAsync(exchange.Message, exchange.Sender, exchange.Received.Source, exchange.Now, cancellationToken);
        return prepared.Refusal is { } refusal ? await StoreAsync(exchange, refusal, isContact: false, cancellationToken)
            : prepared.Registration!.IsRefused && !journal.TakesRegistration()
                ? Sign(exchange.Message.Header, RegistrationMessages.Refused(prepared))
            : await CommitAsync(exchange, session => RegistrationMessages.HandleAsync(session, prepared, cancellationToken), cancellationToken);
    }

    private async Task<(Sender? Sender, Reply? Refusal)> IdentifyRegistrationAsync(DeviceMessage message, byte[] signedText, CancellationToken cancellationToken)
    {
        var (sender, refusal) = RegistrationMessages.Identify(message, signedText);
        if (sender is null)
        {
            return (null, refusal);
        }

        await using var reading = await database.ReadAsync(cancellationToken);
        return (sender with { Answered = await new AnsweredMessages(reading, masterKey).FindAsync(sender.Id, message.Header.Nonce, cancellationToken) }, null);
    }

    private async Task<Answer> AnswerAgainAsync(
        ReceivedMessage received, Sender sender, StoredAnswerRow stored, DeviceMessage message, byte[] hash, CancellationToken cancellationToken)
    {
        if (clock.GetUtcNow() - stored.ReceivedAt > AnswerKept)
        {
            // It must not count twice, and its answer is no longer given: the product has to make a new message.
            var late = Untimely(message, clock.GetUtcNow()) ?? Reply.Fail(RefusalCodes.NonceNotValid, RefusalTexts.NonceReused, "it used a nonce again after more than an hour");
            await TryEnterAsync(received, $"{sender.Instance?.DisplayName ?? "a product that registers"} sent a message of more than an hour ago again", sender.Instance, cancellationToken);
            return Sign(message.Header, late);
        }

        if (!stored.RequestHash.AsSpan().SequenceEqual(hash))
        {
            var reason = $"{sender.Instance?.DisplayName ?? "a product that registers"} used a nonce again for another message";
            await TryEnterAsync(received, reason, sender.Instance, cancellationToken);
            return Sign(message.Header, Reply.Fail(RefusalCodes.NonceNotValid, RefusalTexts.NonceReused, reason));
        }

        await database.ConfirmAsync(cancellationToken);
        var signer = authority.SignerFor(stored.SignerSerial, clock.GetUtcNow());
        return new Answer.Signed(
            SmartMessageWriter.WriteEnvelope(stored.Response, signer.Sign(Encoding.UTF8.GetBytes(stored.Response))),
            message.Header.RequestTypeText,
            Describe(message),
            stored.Status,
            "answered before")
        { Sender = sender.Ended is null ? sender.Instance : null };
    }

    /// <summary>Stores a refusal of a proven sender: it is entered once, and repeating the request changes nothing.</summary>
    /// <remarks>Anybody can make a key and register with nonsense, so for those there is a bound on what is stored.</remarks>
    /// <param name="isContact">False for a message of another time, which tells nothing about now.</param>
    private async Task<Answer?> StoreAsync(Exchange exchange, Reply reply, bool isContact, CancellationToken cancellationToken) =>
        exchange.Sender.Instance is null && !journal.TakesRegistration() ? Sign(exchange.Message.Header, reply)
        : await CommitAsync(
            exchange,
            async session =>
            {
                var instance = exchange.Sender.Instance;
                if (isContact && instance is not null && !await InstanceMessages.ContactedAsync(session, exchange.Sender, exchange.Now, cancellationToken))
                {
                    return null;
                }

                await new EventLog(session).AppendAsync(
                    new LoggedEvent(
                        exchange.Message.Body is RegistrationBody ? EventKinds.RegistrationRefused : instance is null ? EventKinds.MessageRefused : EventKinds.RequestRefused,
                        Severity.Warning,
                        instance?.DisplayName ?? exchange.Received.Source,
                        $"A {exchange.Message.Header.RequestTypeText} message was refused: {reply.Reason}.",
                        instance?.AccountId,
                        instance?.Id)
                    { VirtualAccountId = instance?.VirtualAccountId },
                    exchange.Now,
                    cancellationToken);
                return reply;
            },
            cancellationToken);

    /// <summary>Runs the work and stores its answer in one transaction; null when the work was overtaken, with nothing kept.</summary>
    private async Task<Answer?> CommitAsync(Exchange exchange, Func<DbSession, Task<Reply?>> work, CancellationToken cancellationToken)
    {
        string response;
        SigningKey signer;
        Reply? reply;
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            reply = await work(session);
            if (reply is null)
            {
                return null;
            }

            (response, signer) = Compose(exchange.Message.Header, reply);
            await new AnsweredMessages(session, masterKey).AddAndCommitAsync(
                new AnsweredMessageRow
                {
                    Sender = exchange.Sender.Id,
                    Nonce = exchange.Message.Header.Nonce,
                    RequestHash = exchange.RequestHash,
                    Request = Archived(exchange, reply),
                    RequestType = exchange.Message.Header.RequestTypeText,
                    Transport = exchange.Received.Transport,
                    Source = exchange.Received.Source,
                    ReceivedAt = exchange.Now,
                    Status = reply.Status,
                    SignerSerial = signer.Serial,
                    Response = response,
                    VirtualAccountId = (reply.Registered ?? exchange.Sender.Instance)?.VirtualAccountId,
                    RegisteredInstanceId = reply.Registered?.Id,
                });
        }

        return Envelope(exchange.Message, response, signer, reply) with
        {
            Sender = reply.Registered ?? (exchange.Message.Body is DeregistrationBody ? null : exchange.Sender.Instance),
        };
    }

    /// <summary>The message, or its beginning; of a stranger who was refused nothing, since anybody can send such messages.</summary>
    private static byte[] Archived(Exchange exchange, Reply reply) =>
        exchange.Sender.Instance is null && reply.Status == DeviceStatus.Failed ? []
        : exchange.Received.Payload[..Math.Min(exchange.Received.Payload.Length, RefusalJournal.MostBytesKept)].ToArray();

    private Answer.Signed Sign(RequestHeader header, Reply reply)
    {
        var (response, signer) = Compose(header, reply);
        return new Answer.Signed(
            SmartMessageWriter.WriteEnvelope(response, signer.Sign(Encoding.UTF8.GetBytes(response))),
            header.RequestTypeText,
            header.ProductInstanceIdentifier ?? header.Sudi?.SerialNumber ?? "-",
            reply.Status,
            reply.Reason);
    }

    private static Answer.Signed Envelope(DeviceMessage message, string response, SigningKey signer, Reply reply) => new(
        SmartMessageWriter.WriteEnvelope(response, signer.Sign(Encoding.UTF8.GetBytes(response))),
        message.Header.RequestTypeText,
        Describe(message),
        reply.Status,
        reply.Reason);

    private (string Response, SigningKey Signer) Compose(RequestHeader header, Reply reply)
    {
        var now = reply.At ?? clock.GetUtcNow();
        var signer = reply.Signer ?? authority.SignerFor(header.SigningCertSerialNumber, now);
        var response = SmartMessageWriter.WriteResponse(new DeviceResponse
        {
            Version = ProtocolVersion.Negotiate(header.Version),
            Locale = header.Locale,
            Timestamp = now,
            Nonce = header.Nonce,
            RequestType = header.RequestTypeText,
            ProductInstanceIdentifier = header.RequestType == RequestType.Registration ? reply.Registered?.Id : header.ProductInstanceIdentifier,
            SigningCertSerialNumber = signer.Serial,
            Status = reply.Status,
            MessageCode = reply.Code,
            Message = reply.Message,
            Capabilities = Capabilities,
            Data = reply.Data,
        });
        return (response, signer);
    }

    /// <summary>The three levels must speak of one message and one product (8.7.8).</summary>
    private static Reply? Disagreement(DeviceMessage message)
    {
        if (!message.NoncesAgree)
        {
            return Reply.Fail(RefusalCodes.NonceNotValid, RefusalTexts.NoncesDiffer, "the nonces of the three levels differ");
        }

        return message.IdentitiesAgree
            ? null
            : Reply.Fail(RefusalCodes.IdentityNotValid, RefusalTexts.Identity(message.Header.ProductInstanceIdentifier), "header and request data name different products");
    }

    /// <summary>A message counts for an hour before and after its own time (8.7.15), which is also how long a replay could pass.</summary>
    private static Reply? Untimely(DeviceMessage message, DateTimeOffset now)
    {
        var difference = TimeSpan.FromMilliseconds(message.DataTimestamp - now.ToUnixTimeMilliseconds());
        return difference.Duration() <= ClockTolerance ? null : Reply.Fail(RefusalCodes.ClocksDiffer, RefusalTexts.ClocksDiffer(difference), "its clock differs by more than an hour");
    }

    private static string Describe(DeviceMessage message) =>
        message.Header.ProductInstanceIdentifier ?? message.Device?.SerialNumber ?? "-";

    /// <summary>A journal that cannot be written must not keep a product from its answer.</summary>
    private async Task TryEnterAsync(ReceivedMessage received, string reason, InstanceRow? about, CancellationToken cancellationToken)
    {
        try
        {
            await journal.EnterAsync(received, reason, about, cancellationToken);
        }
        catch (DbException exception)
        {
            Log.DatabaseAway(logger, exception);
        }
    }

    /// <summary>A message on its way through the steps.</summary>
    private sealed record Exchange(ReceivedMessage Received, DeviceMessage Message, Sender Sender, byte[] RequestHash, DateTimeOffset Now);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The database could not be used while answering a product")]
        public static partial void DatabaseAway(ILogger logger, Exception exception);
    }
}
