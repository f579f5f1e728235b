using System.Security.Cryptography;
using TransportGateway.Authority;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Registration: from the message to the use case and back.</summary>
internal sealed class RegistrationMessages(RegisterInstance registerInstance, ProductTypes productTypes)
{
    public sealed record Prepared(Reply? Refusal, RegisterInstance.Request? Request, RegisterInstance.Prepared? Registration);

    /// <summary>A product that registers proves that it holds the key in its signing request; nothing more is known of it yet.</summary>
    public static (Sender? Sender, Reply? Refusal) Identify(DeviceMessage message, byte[] signedText)
    {
        if (message.Body is not RegistrationBody { SigningRequestDer: { } der })
        {
            return (null, Reply.Fail(RefusalCodes.FieldNotValid, message.DataProblem ?? ErrorsHash.For("csr", "The signing request is missing."), "no usable signing request"));
        }

        var (key, problem) = ProductKey.Read(der);
        if (key is null)
        {
            return (null, Reply.Fail(RefusalCodes.FieldNotValid, ErrorsHash.For("csr", problem!), problem!));
        }

        var publicKey = key.ExportSubjectPublicKeyInfo();
        return ProductKey.Verifies(publicKey, signedText, message.Envelope.Signature)
            ? (new Sender("csr:" + Convert.ToHexStringLower(SHA256.HashData(publicKey)), null, key, null), null)
            : (null, Reply.Fail(RefusalCodes.SignatureNotValid, RefusalTexts.Signature, "its signature was not made with the key of its signing request"));
    }

    public async Task<Prepared> PrepareAsync(DeviceMessage message, Sender sender, string source, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var body = (RegistrationBody)message.Body;
        var sudi = message.DataSudi ?? message.Header.Sudi;
        if (sudi is null || InstanceRow.KeyOf(sudi.Pid, sudi.SerialNumber, sudi.Uuid) is not { } udiKey)
        {
            return new Prepared(Reply.Fail(RefusalCodes.FieldNotValid, ErrorsHash.For(
                "sudi", "The product names neither a PID with a serial number nor a UUID; one of them is needed."), "no UDI"), null, null);
        }

        var request = new RegisterInstance.Request(
            body.IdToken,
            body.Force,
            sender.Key!,
            new RegisterInstance.InstanceFacts(
                udiKey,
                sudi.Pid,
                sudi.SerialNumber,
                sudi.Vid,
                sudi.Uuid,
                sudi.Suvi,
                sudi.HostIdentifier,
                sudi.MacAddress,
                body.HostName,
                body.SoftwareTag,
                productTypes.Of(body.SoftwareTag),
                body.AgentVersion),
            UdiNames.Of([sudi, .. body.Devices.Select(device => device.Sudi), .. body.HaMembers.Select(member => member.Sudi)]),
            source,
            now);
        return new Prepared(null, request, await registerInstance.PrepareAsync(request, cancellationToken));
    }

    /// <summary>Null when another registration of the same product came first: prepare again.</summary>
    public static async Task<Reply?> HandleAsync(DbSession session, Prepared prepared, CancellationToken cancellationToken)
    {
        var request = prepared.Request!;
        return await RegisterInstance.ExecuteAsync(session, request, prepared.Registration!, cancellationToken) switch
        {
            RegisterInstance.Outcome.Registered registered => new Reply(DeviceStatus.Ok, null, "registered")
            {
                At = request.Now,
                Registered = registered.Instance,
                Signer = registered.Certificate.Signer,
                Data = Describe(registered.Instance, registered.Certificate),
            },
            RegisterInstance.Outcome.TokenRefused => TokenRefused(request),
            RegisterInstance.Outcome.AlreadyRegistered => AlreadyRegistered(request),
            RegisterInstance.Outcome.Overtaken => null,
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    /// <summary>The answer to what is refused before anything of it is stored.</summary>
    public static Reply Refused(Prepared prepared) => prepared.Registration!.AlreadyRegistered ? AlreadyRegistered(prepared.Request!) : TokenRefused(prepared.Request!);

    private static Reply TokenRefused(RegisterInstance.Request request) => Reply.Fail(RefusalCodes.TokenNotValid, RefusalTexts.Token(request.Token), "token refused");

    private static Reply AlreadyRegistered(RegisterInstance.Request request) => Reply.Fail(
        RefusalCodes.AlreadyRegistered,
        RefusalTexts.AlreadyRegistered(request.Product.SoftwareTag, request.Product.SerialNumber, request.Product.Pid),
        "already registered");

    /// <summary>What a product is given at registration and at renewal.</summary>
    public static RegistrationData Describe(InstanceRow instance, IssuedIdCertificate certificate) => new()
    {
        ProductInstanceIdentifier = instance.Id,
        ProductInstanceName = instance.DisplayName,
        IdCertPem = certificate.Pem,
        IdCertSerialNumber = certificate.Serial,
        SigningCertPem = certificate.Signer.CertificatePem,
        SigningCertSerialNumber = certificate.Signer.Serial,
        SubCaCertPem = certificate.SubCaPem,
        CertChainPem = [certificate.SubCaPem, certificate.RootPem],
        SmartAccount = instance.AccountName,
        VirtualAccount = instance.VirtualAccountName,
        ExportControlAllowed = instance.ExportControlled,
        RegisteredAt = instance.RegisteredAt,
        RenewAt = certificate.ValidFrom + Timers.IdCertificateRenewal,
        ExpiresAt = certificate.ValidTo,
    };
}
