using System.Security.Cryptography.X509Certificates;
using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>What registered product instances say: authorisation, renewal, de-registration, keys, polling.</summary>
internal sealed class InstanceMessages(Database database, MasterKey masterKey, RenewIdCertificate renewIdCertificate, TimeProvider clock)
{
    /// <summary>The product instance, its certificate by serial number, and the signature (8.7.14).</summary>
    public async Task<(Sender? Sender, Reply? Refusal)> IdentifyAsync(DeviceMessage message, byte[] signedText, CancellationToken cancellationToken)
    {
        var header = message.Header;
        if (header.ProductInstanceIdentifier is not { } id)
        {
            return (null, header.RequestType == RequestType.Unknown
                ? Reply.Fail(RefusalCodes.RequestTypeNotServed, RefusalTexts.UnknownRequestType(header.RequestTypeText), "unknown request type")
                : Reply.Fail(RefusalCodes.FieldNotValid, ErrorsHash.For("product_instance_identifier", "The field header.product_instance_identifier is missing. Register the product first."), "no product instance identifier"));
        }

        InstanceRow? instance;
        IdCertificateRow? certificate;
        StoredAnswerRow? answered;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            (instance, certificate, answered) = await new AnsweredMessages(reading, masterKey).FindWithSenderAsync(id, header.IdCertSerialNumber, header.Nonce, cancellationToken);
        }

        var problem = instance is null ? $"the product instance {id} is not known"
            : certificate is null ? $"{instance.DisplayName} names an ID certificate that it was not given"
            : !ProductKey.Verifies(certificate.PublicKey, signedText, message.Envelope.Signature) ? $"the signature of {instance.DisplayName} does not verify"
            : null;
        if (problem is not null)
        {
            return (null, Reply.Fail(RefusalCodes.IdentityNotValid, RefusalTexts.Identity(id), problem) with { About = instance });
        }

        var ended = instance!.State != InstanceState.Registered ? $"the registration of {instance.DisplayName} has ended ({instance.State})"
            : !certificate!.CountsAt(clock.GetUtcNow()) ? $"{instance.DisplayName} used an ID certificate that no longer counts ({certificate.State})"
            : null;
        return (new Sender(id, instance, null, ended is null ? null : Reply.Fail(RefusalCodes.IdentityNotValid, RefusalTexts.Identity(id), ended))
        {
            Certificate = certificate,
            Answered = answered,
        }, null);
    }

    /// <summary>Notes that the product was heard; false when its registration or its certificate is no longer what the sender was identified by.</summary>
    public static Task<bool> ContactedAsync(DbSession session, Sender sender, DateTimeOffset now, CancellationToken cancellationToken) =>
        new ProductInstances(session).ContactedAsync(sender.Instance!, sender.Certificate!, now, cancellationToken);

    /// <summary>Null when the sender is no longer what it was identified as: identify it again.</summary>
    public async Task<Reply?> HandleAsync(DbSession session, Sender sender, DeviceMessage message, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (message.Body is AuthorizationBody authorization)
        {
            return await AuthorizeAsync(session, sender, authorization, now, cancellationToken);
        }

        var instance = sender.Instance!;
        if (!await ContactedAsync(session, sender, now, cancellationToken))
        {
            return null;
        }

        var reply = message.Body switch
        {
            IdCertRenewBody renewal => await RenewAsync(session, sender, renewal, now, cancellationToken),
            DeregistrationBody => await DeregisterInstance.ExecuteAsync(session, instance, now, cancellationToken)
                ? new Reply(DeviceStatus.Ok, null, "deregistered") { At = now }
                : null,
            ThirdPartyKeyBody keys => await ThirdPartyKeyAsync(session, instance, keys, cancellationToken),
            PollBody poll => Reply.Fail(RefusalCodes.PollIdNotKnown, RefusalTexts.UnknownPoll(poll.PollId), "nothing to poll for"),
            _ => throw new InvalidOperationException($"No way to handle {message.Body.GetType().Name}."),
        };
        if (reply is { Status: DeviceStatus.Failed })
        {
            await new EventLog(session).AppendAsync(RefusalOf(message, instance, reply), now, cancellationToken);
        }

        return reply;
    }

    private static LoggedEvent RefusalOf(DeviceMessage message, InstanceRow instance, Reply reply) => new(
        EventKinds.RequestRefused,
        Severity.Warning,
        instance.DisplayName,
        $"A {message.Header.RequestTypeText} message was refused: {reply.Reason.TrimEnd('.')}.",
        instance.AccountId,
        instance.Id)
    { VirtualAccountId = instance.VirtualAccountId };

    private static async Task<Reply?> AuthorizeAsync(DbSession session, Sender sender, AuthorizationBody body, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var instance = sender.Instance!;
        var tags = body.Entitlements.Select(entitlement => entitlement.Tag).ToArray();
        if (await new ProductInstances(session).AuthorizesAsync(instance, sender.Certificate!, tags, now, cancellationToken) is not { } books)
        {
            return null;
        }

        var outcome = await AuthorizeEntitlements.ExecuteAsync(
            session,
            new AuthorizeEntitlements.Request(
                instance.AccountId,
                instance.VirtualAccountId,
                instance.Id,
                instance.DisplayName,
                [.. body.Entitlements.Select(entitlement => (entitlement.Tag, entitlement.Count))],
                now),
            books,
            cancellationToken);
        var overall = outcome.Overall switch
        {
            Authorization.Authorized => AuthorizationData.Authorized,
            Authorization.OutOfCompliance => AuthorizationData.OutOfCompliance,
            _ => AuthorizationData.NoLicenses,
        };
        if (outcome.Changed || instance.AuthorizationStatus != overall)
        {
            await new ProductInstances(session).SetAuthorizationAsync(instance.Id, overall, cancellationToken);
        }

        return new Reply(DeviceStatus.Ok, null, overall)
        {
            At = now,
            Data = new AuthorizationData
            {
                OverallStatus = overall,
                EntitlementVersion = body.EntitlementVersion,
                Entitlements = [.. outcome.Tags.Select(Describe)],
                SmartAccount = instance.AccountName,
                VirtualAccount = instance.VirtualAccountName,
                NextCommunication = now + (outcome.Overall == Authorization.OutOfCompliance ? Timers.OutOfCompliance : Timers.Authorization),
                CommunicationDeadline = now + Timers.Deadline,
            },
        };
    }

    private static EntitlementStatus Describe(AuthorizeEntitlements.TagStatus status) => new()
    {
        Tag = status.Tag,
        Status = status.Status,
        Count = status.Count,
        DisplayName = status.Name.DisplayName,
        Description = status.Name.Description,
        LicenseType = status.Grant is null ? null : status.Grant.EndsAt is null ? EntitlementStatus.Perpetual : EntitlementStatus.Term,
        StartDate = status.Grant?.StartsAt,
        EndDate = status.Grant?.EndsAt,
        SubscriptionId = status.Grant?.SubscriptionId,
    };

    private async Task<Reply> RenewAsync(
        DbSession session, Sender sender, IdCertRenewBody body, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var key = PublicKey.CreateFromSubjectPublicKeyInfo(sender.Certificate!.PublicKey, out _);
        if (body.SigningRequestDer is { } der)
        {
            var (renewed, problem) = ProductKey.Read(der);
            if (renewed is null)
            {
                return Reply.Fail(RefusalCodes.FieldNotValid, ErrorsHash.For("csr", problem!), problem!);
            }

            key = renewed;
        }

        var instance = sender.Instance!;
        var request = new RenewIdCertificate.Request(instance, key, await new ProductInstances(session).UdisOfAsync(instance.Id, cancellationToken), now);
        var issued = renewIdCertificate.Prepare(request);
        await RenewIdCertificate.ExecuteAsync(session, request, issued, cancellationToken);
        return new Reply(DeviceStatus.Ok, null, "ID certificate renewed") { At = now, Data = RegistrationMessages.Describe(instance, issued) };
    }

    /// <summary>Authority mode has no source of keys: refused in either case, in the documented words for a tag that is not in use (8.7.35).</summary>
    private static async Task<Reply> ThirdPartyKeyAsync(
        DbSession session, InstanceRow instance, ThirdPartyKeyBody body, CancellationToken cancellationToken)
    {
        var usage = await new LicensePools(session).UsageOfAsync(instance.Id, cancellationToken);
        return body.Items.Count > 0 && body.Items.All(item => usage.ContainsKey(item.Value))
            ? Reply.Fail(RefusalCodes.NoKeySource, RefusalTexts.NoKeySource(body.Items[0].Value), "no source of third-party keys")
            : Reply.Fail(RefusalCodes.TagNotConsumed, RefusalTexts.TagNotConsumed, "third-party key for a tag that is not in use");
    }
}
