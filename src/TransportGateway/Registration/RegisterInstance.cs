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
        TokenRow? token = null;
        InstanceRow? existing;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            if (request.Token.Length <= TokenText.MostCharacters)
            {
                token = await new RegistrationTokens(reading).FindByHashAsync(TokenText.Hashes(request.Token), cancellationToken);
            }

            existing = await new ProductInstances(reading).FindRegisteredAsync(request.Product.UdiKey, cancellationToken);
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
        if (prepared.RefusalCause is not null
            || (!prepared.AlreadyRegistered && !await new RegistrationTokens(session).RedeemAsync(prepared.Token!.Id, request.Now, cancellationToken)))
        {
            await events.AppendAsync(
                Refusal(request, $"its registration token is {prepared.RefusalCause ?? await CauseAsync(session, prepared.Token!, request.Now, cancellationToken)}", prepared),
                request.Now,
                cancellationToken);
            return new Outcome.TokenRefused();
        }

        if (prepared.AlreadyRegistered)
        {
            await events.AppendAsync(Refusal(request, "it is registered already and did not ask for force", prepared), request.Now, cancellationToken);
            return new Outcome.AlreadyRegistered();
        }

        var instances = new ProductInstances(session);
        var instance = prepared.Instance!;
        var stored = prepared.Existing is null
            ? await instances.AddAsync(instance, cancellationToken)
            : await instances.ReplaceAsync(instance, prepared.Existing, cancellationToken);
        if (!stored)
        {
            return new Outcome.Overtaken();
        }

        var certificates = new IdCertificates(session);
        if (prepared.Existing is not null)
        {
            await certificates.RevokeAllAsync(instance.Id, cancellationToken);
            await InstanceUsage.FollowMoveAsync(session, prepared.Existing, instance, request.Now, cancellationToken);
        }

        await certificates.AddAsync(
            new IdCertificateRow
            {
                Serial = prepared.Certificate!.Serial,
                InstanceId = instance.Id,
                State = IdCertificateState.Current,
                PublicKey = request.Key.ExportSubjectPublicKeyInfo(),
                NotBefore = prepared.Certificate.ValidFrom,
                NotAfter = prepared.Certificate.ValidTo,
            },
            request.Now,
            cancellationToken);
        var registered = await instances.FindAsync(instance.Id, cancellationToken) ?? throw new InvalidOperationException("The instance just stored is not there.");
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
        if (registered.SynchronizationNeeded)
        {
            await SynchronizationNeed.RegisteredMeanwhileAsync(
                session, registered.AccountId, registered.Id, registered.DisplayName, request.Now, cancellationToken);
        }

        return new Outcome.Registered(registered, prepared.Certificate);
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

    /// <summary>Why the token could not be redeemed although it could a moment ago.</summary>
    private static async Task<string> CauseAsync(DbSession session, TokenRow token, DateTimeOffset now, CancellationToken cancellationToken) =>
        (await new RegistrationTokens(session).FindAsync(token.Id, cancellationToken))?.RefusalAt(now) ?? "unknown";
}
