using System.Security.Cryptography.X509Certificates;
using TransportGateway.Accounts;
using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Turns a registration token and a signing request into a registered product instance with an ID certificate.</summary>
/// <remarks>
/// In two steps: <see cref="PrepareAsync"/> reads and signs outside any transaction, because a signature takes longer than all the SQL
/// together; <see cref="ExecuteAsync"/> works in its caller's transaction, so that the answer is stored with the change or neither is.
/// </remarks>
internal sealed class RegisterInstance(Database database, CertificateAuthority authority)
{
    /// <param name="Product">What the product says about itself; its id, account and times are filled in here.</param>
    public sealed record Request(
        string Token, bool Force, PublicKey Key, InstanceFacts Product, IReadOnlyList<string> Udis, string Source, DateTimeOffset Now);

    public sealed record InstanceFacts(
        string UdiKey,
        string? Pid,
        string? SerialNumber,
        string? Vid,
        string? Uuid,
        string? Suvi,
        string? HostIdentifier,
        string? MacAddress,
        string? HostName,
        string SoftwareTag,
        string ProductType,
        string? AgentVersion);

    public abstract record Outcome
    {
        public sealed record Registered(InstanceRow Instance, IssuedIdCertificate Certificate) : Outcome;

        /// <summary>Unknown, revoked, expired and used up look alike to the product; the event log tells them apart.</summary>
        public sealed record TokenRefused : Outcome;

        public sealed record AlreadyRegistered : Outcome;

        /// <summary>Another message changed what was prepared for: prepare again.</summary>
        public sealed record Overtaken : Outcome;

        private Outcome() { }
    }

    /// <summary>What a registration will do if nothing changes meanwhile: either a refusal, or an instance with its certificate.</summary>
    public sealed record Prepared(TokenRow? Token, string? RefusalCause, bool AlreadyRegistered, InstanceRow? Existing, InstanceRow? Instance, IssuedIdCertificate? Certificate)
    {
        public bool IsRefused => RefusalCause is not null || AlreadyRegistered;
    }

    public async Task<Prepared> PrepareAsync(Request request, CancellationToken cancellationToken)
    {
        TokenRow? token;
        InstanceRow? existing;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            var hashes = request.Token.Length <= TokenText.MostCharacters ? TokenText.Hashes(request.Token) : [];
            (token, existing) = await new RegistrationTokens(reading).FindForAsync(hashes, request.Product.UdiKey, cancellationToken);
        }

        var cause = token is null ? "unknown" : token.RefusalAt(request.Now);
        if (cause is not null)
        {
            return new Prepared(token, cause, AlreadyRegistered: false, existing, null, null);
        }

        if (existing is not null && !request.Force)
        {
            return new Prepared(token, null, AlreadyRegistered: true, existing, null, null);
        }

        var id = existing?.Id ?? Guid.CreateVersion7(request.Now).ToString();
        var certificate = authority.IssueIdCertificate(request.Key, id, request.Product.Pid ?? "Product Instance", request.Udis, request.Now);
        return new Prepared(token, null, AlreadyRegistered: false, existing, Describe(request, id, token!, certificate), certificate);
    }

    public static async Task<Outcome> ExecuteAsync(DbSession session, Request request, Prepared prepared, CancellationToken cancellationToken)
    {
        var events = new EventLog(session);
        if (prepared.RefusalCause is { } cause)
        {
            await events.AppendAsync(Refusal(request, $"its registration token is {cause}", prepared), request.Now, cancellationToken);
            return new Outcome.TokenRefused();
        }

        if (prepared.AlreadyRegistered)
        {
            await events.AppendAsync(Refusal(request, "it is registered already and did not ask for force", prepared), request.Now, cancellationToken);
            return new Outcome.AlreadyRegistered();
        }

        var certificate = new IdCertificateRow
        {
            Serial = prepared.Certificate!.Serial,
            InstanceId = prepared.Instance!.Id,
            State = IdCertificateState.Current,
            PublicKey = request.Key.ExportSubjectPublicKeyInfo(),
            NotBefore = prepared.Certificate.ValidFrom,
            NotAfter = prepared.Certificate.ValidTo,
        };
        var registered = prepared.Existing is null
            ? await new RegistrationTokens(session).RedeemForAsync(prepared.Token!.Id, prepared.Instance, certificate, request.Now, cancellationToken)
            : await RegisterAgainAsync(session, prepared, certificate, request.Now, cancellationToken);
        if (registered is null)
        {
            return new Outcome.Overtaken();
        }

        await events.AppendAsync(
            new LoggedEvent(
                prepared.Existing is null ? EventKinds.InstanceRegistered : EventKinds.InstanceRegisteredAgain,
                Severity.Info,
                registered.DisplayName,
                $"{registered.DisplayName} was registered in '{registered.VirtualAccountName}' with token {prepared.Token!.Id}.",
                registered.AccountId,
                registered.Id)
            { VirtualAccountId = registered.VirtualAccountId, FormerVirtualAccountId = prepared.Existing?.AccountId == registered.AccountId ? prepared.Existing?.VirtualAccountId : null },
            request.Now,
            cancellationToken);
        if (prepared.Existing is { } lost && lost.AccountId != registered.AccountId)
        {
            // Which account has it now is not for those of this one to know.
            await events.AppendAsync(
                new LoggedEvent(
                    EventKinds.InstanceRegisteredAgain,
                    Severity.Warning,
                    registered.DisplayName,
                    $"{lost.DisplayName} left '{lost.VirtualAccountName}': it was registered by force in another local account.",
                    lost.AccountId,
                    lost.Id)
                { VirtualAccountId = lost.VirtualAccountId },
                request.Now,
                cancellationToken);
        }

        if (registered.SynchronizationNeeded)
        {
            await SynchronizationNeed.RegisteredMeanwhileAsync(
                session, registered.AccountId, registered.Id, registered.DisplayName, request.Now, cancellationToken);
        }

        return new Outcome.Registered(registered, prepared.Certificate);
    }

    /// <summary>Null when the token was worth nothing by now, or the instance ended or moved meanwhile.</summary>
    private static async Task<InstanceRow?> RegisterAgainAsync(
        DbSession session, Prepared prepared, IdCertificateRow certificate, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var instances = new ProductInstances(session);
        if (!await new RegistrationTokens(session).RedeemAsync(prepared.Token!.Id, now, cancellationToken)
            || !await instances.ReplaceAsync(prepared.Instance!, prepared.Existing!, cancellationToken))
        {
            return null;
        }

        var certificates = new IdCertificates(session);
        await certificates.RevokeAllAsync(certificate.InstanceId, cancellationToken);
        await InstanceUsage.FollowMoveAsync(session, prepared.Existing!, prepared.Instance!, now, cancellationToken);
        await certificates.AddAsync(certificate, now, cancellationToken);
        return await instances.FindAsync(certificate.InstanceId, cancellationToken);
    }

    private static InstanceRow Describe(Request request, string id, TokenRow token, IssuedIdCertificate certificate) => new()
    {
        Id = id,
        VirtualAccountId = token.VirtualAccountId,
        UdiKey = request.Product.UdiKey,
        UdiPid = request.Product.Pid,
        UdiSerialNumber = request.Product.SerialNumber,
        UdiVid = request.Product.Vid,
        Uuid = request.Product.Uuid,
        Suvi = request.Product.Suvi,
        HostIdentifier = request.Product.HostIdentifier,
        MacAddress = request.Product.MacAddress,
        HostName = request.Product.HostName,
        SoftwareTag = request.Product.SoftwareTag,
        ProductType = request.Product.ProductType,
        AgentVersion = request.Product.AgentVersion,
        ExportControlled = token.ExportControlled,
        RegisteredAt = certificate.ValidFrom,
        LastContactAt = request.Now,
        CertificateSerial = certificate.Serial,
        Udis = string.Join('\n', request.Udis),
    };

    private static LoggedEvent Refusal(Request request, string cause, Prepared prepared) => new(
        EventKinds.RegistrationRefused,
        Severity.Warning,
        request.Source,
        $"A registration of {request.Product.UdiKey} was refused: {cause}.",
        prepared.Existing?.AccountId,
        prepared.Existing?.Id)
    { VirtualAccountId = prepared.Existing?.VirtualAccountId };
}
