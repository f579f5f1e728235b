using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>Registers an approved local account with Software Central: online, or by a registration file and the authorisation file that comes back.</summary>
internal sealed class RegisterAccount(Database database, MasterKey masterKey, ExchangeKeys keys, CentralTiming timing, TimeProvider clock)
{
    public abstract record Outcome
    {
        public sealed record Registered : Outcome;

        /// <summary>Nothing changed; the sentence says what to do.</summary>
        public sealed record NotPossible(string Reason) : Outcome;

        /// <summary>Software Central refused, or its answer did not hold; the account shows the cause.</summary>
        public sealed record Failed(string Reason) : Outcome;

        public sealed record Saved(byte[] File) : Outcome;

        private Outcome() { }
    }

    /// <summary>Asks Software Central at once.</summary>
    public async Task<Outcome> ExecuteAsync(Caller by, LocalAccountRow account, CancellationToken cancellationToken)
    {
        CentralSettings settings;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            settings = await CentralSettings.LoadAsync(reading, masterKey, cancellationToken);
        }

        if (!settings.IsOnline)
        {
            return new Outcome.NotPossible(
                "This gateway does not know where Software Central is. Set it with 'tgctl central set', or register by file: tgctl account registration-file");
        }

        var (identity, problem) = await RequestAsync(by, account, "It is asked online.", cancellationToken);
        if (identity is null)
        {
            return new Outcome.NotPossible(problem!);
        }

        try
        {
            using var central = new CentralClient(settings, timing);
            if (await central.FindVirtualAccountsAsync(account.SmartAccount!, cancellationToken) is null)
            {
                return await FailAsync(by, account, $"Software Central knows no Smart Account '{account.SmartAccount}', or this gateway's client may not see it.", cancellationToken);
            }

            return await AuthorizeAsync(by, account, await central.RegisterAsync(identity.Request, cancellationToken), cancellationToken);
        }
        catch (Exception exception) when (exception is CentralUnavailableException or CentralRefusedException)
        {
            return await FailAsync(by, account, exception.Message, cancellationToken);
        }
    }

    /// <summary>The registration file, to be carried to Software Central. Saved again, it is the same file until its answer arrived.</summary>
    public async Task<Outcome> SaveFileAsync(Caller by, LocalAccountRow account, CancellationToken cancellationToken)
    {
        var (identity, problem) = await RequestAsync(by, account, "Its registration file was saved.", cancellationToken);
        return identity is null ? new Outcome.NotPossible(problem!) : new Outcome.Saved(identity.Request);
    }

    /// <summary>Takes over Software Central's authorisation, read from a file or received online.</summary>
    public async Task<Outcome> AuthorizeAsync(Caller by, LocalAccountRow account, byte[] authorization, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var identities = new ExchangeIdentities(session);
        var settings = await CentralSettings.LoadAsync(session, masterKey, cancellationToken);
        if (await identities.FindAsync(account.Id, ExchangeIdentityState.Requested, cancellationToken) is not { } requested)
        {
            return new Outcome.NotPossible($"Local account '{account.Name}' awaits no authorisation. Save a registration file for it first.");
        }

        RegistrationAuthorizationPart part;
        try
        {
            part = Read(authorization, requested, settings, now);
        }
        catch (ExchangeRefusedException exception)
        {
            return new Outcome.NotPossible($"The authorisation was refused: {exception.Message}.");
        }

        if (part.Refusal is { } refusal)
        {
            await identities.DeleteAsync(account.Id, ExchangeIdentityState.Requested, cancellationToken);
            await FailAccountRegistration.ExecuteAsync(session, account, refusal, by.Name, now, cancellationToken);
            await session.CommitAsync();
            return new Outcome.Failed($"Software Central refused: {refusal}");
        }

        using var certificate = X509CertificateLoader.LoadCertificate(part.Certificate!);
        var chain = CertificateRequests.Pem(part.Chain ?? []);
        await identities.AuthorizeAsync(
            account.Id, requested.Run, part.Certificate!, chain, new DateTimeOffset(certificate.NotAfter), cancellationToken);
        await new Synchronizations(session).RegisteredAsync(account.Id, part.SmartAccountId!, part.VirtualAccountId!, now, cancellationToken);
        if (await CompleteAccountRegistration.ExecuteAsync(session, account, by.Name, now, cancellationToken) is ChangeAccountStatus.Outcome.NotPossible(var reason))
        {
            return new Outcome.NotPossible(reason);
        }

        await session.CommitAsync();
        return new Outcome.Registered();
    }

    private RegistrationAuthorizationPart Read(byte[] authorization, ExchangeIdentityRow requested, CentralSettings settings, DateTimeOffset now)
    {
        var anchors = settings.ReadExchangeAnchors();
        if (anchors.Count == 0)
        {
            throw new ExchangeRefusedException("this gateway has no trust anchor of Software Central; set it with: tgctl central set --exchange-anchors FILE");
        }

        var part = ExchangeEnvelope.Open<RegistrationAuthorizationPart>(authorization, anchors, now);
        if (part.Kind != ExchangeFormat.RegistrationAuthorization || part.Part != 0 || !part.Last)
        {
            throw new ExchangeRefusedException($"it is not an authorisation but a {part.Kind}");
        }

        if (part.Account != requested.AccountId || part.Run != requested.Run || part.Request != ExchangeEnvelope.Hash(requested.Request))
        {
            throw new ExchangeRefusedException("it answers another registration file than the last one of this account");
        }

        if (part.Refusal is null)
        {
            CheckCertificate(part, requested);
        }

        return part;
    }

    private void CheckCertificate(RegistrationAuthorizationPart part, ExchangeIdentityRow requested)
    {
        if (part.Certificate is null || part.SmartAccountId is null || part.VirtualAccountId is null)
        {
            throw new ExchangeRefusedException("it lacks the certificate or the identifiers of the accounts");
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(part.Certificate);
            if (!keys.Matches(requested, certificate))
            {
                throw new ExchangeRefusedException("its certificate is for another key than this account's");
            }

            foreach (var issuer in part.Chain ?? [])
            {
                X509CertificateLoader.LoadCertificate(issuer).Dispose();
            }
        }
        catch (CryptographicException)
        {
            throw new ExchangeRefusedException("a certificate in it cannot be read");
        }
    }

    /// <summary>The request that is open already, or a new one.</summary>
    private async Task<(ExchangeIdentityRow? Identity, string? Problem)> RequestAsync(
        Caller by, LocalAccountRow account, string how, CancellationToken cancellationToken)
    {
        if (account.SmartAccount is null || account.CloudVirtualAccount is null)
        {
            return (null, $"'{account.Name}' is a local account without a Smart Account: there is nothing to register. Ask for one with: tgctl account request");
        }

        if (account.Status is not (AccountStatus.AwaitingAuthorization or AccountStatus.Error))
        {
            return (null, account.Status switch
            {
                AccountStatus.Pending => $"'{account.Name}' has to be approved first: tgctl account approve '{account.Name}'",
                AccountStatus.Rejected => $"The request for '{account.Name}' was rejected: {account.StatusReason}",
                _ => $"'{account.Name}' is registered already. To register it anew: tgctl account register-again '{account.Name}'",
            });
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var identities = new ExchangeIdentities(session);
        if (await identities.FindAsync(account.Id, ExchangeIdentityState.Requested, cancellationToken) is { } open)
        {
            return (open, null);
        }

        var run = Ids.New(now);
        var (signingRequest, selfSigned, sealedKey) = await keys.CreateAsync(account.Id, run, now);
        using (selfSigned)
        {
            var request = new RegistrationRequestPart
            {
                Kind = ExchangeFormat.RegistrationRequest,
                Account = account.Id,
                Run = run,
                Sequence = 0,
                Part = 0,
                Last = true,
                CreatedAt = now,
                Gateway = await GatewayIdentity.IdAsync(session, now, cancellationToken),
                LocalAccount = account.Name,
                SmartAccount = account.SmartAccount,
                VirtualAccount = account.CloudVirtualAccount,
                SigningRequest = signingRequest,
                Reregistration = await identities.FindAsync(account.Id, ExchangeIdentityState.Current, cancellationToken) is not null,
            };
            var identity = new ExchangeIdentityRow
            {
                Run = run,
                AccountId = account.Id,
                SealedKey = sealedKey,
                Request = ExchangeEnvelope.Seal(request, selfSigned, []),
                CreatedBy = by.Name,
                CreatedAt = now,
            };
            await identities.AddRequestAsync(identity, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.RegistrationFileSaved, Severity.Info, by.Name, $"Registration of '{account.Name}' with Software Central was requested. {how}", account.Id),
                now,
                cancellationToken);
            await session.CommitAsync();
            return (identity, null);
        }
    }

    private async Task<Outcome> FailAsync(Caller by, LocalAccountRow account, string cause, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        await FailAccountRegistration.ExecuteAsync(session, account, cause, by.Name, clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return new Outcome.Failed(cause);
    }
}

/// <summary>This gateway's own identifier at Software Central: made once, shared by both nodes of a cluster.</summary>
internal static class GatewayIdentity
{
    private const string Name = "gateway-id";

    public static async Task<string> IdAsync(DbSession session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var settings = new StoredSettings(session);
        if (await settings.FindAsync(Name, cancellationToken) is { } known)
        {
            return known;
        }

        var id = Ids.New(now);
        await settings.SetAsync(Name, id, "gateway", now, cancellationToken);
        return id;
    }
}
