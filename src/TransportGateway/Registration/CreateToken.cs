using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Makes a registration token for a local virtual account.</summary>
internal sealed class CreateToken(Database database, MasterKey masterKey, TimeProvider clock)
{
    public const int ProposedDays = 30;
    public const int MostDays = 9999;
    public const int MostDescriptionCharacters = 1000;

    /// <param name="MaxUses">Null for any number of uses.</param>
    public sealed record Request(Caller By, VirtualAccountRow VirtualAccount, string Description, int ExpiresAfterDays, bool ExportControlled, long? MaxUses);

    public abstract record Outcome
    {
        public sealed record Created(TokenRow Token, Secret Text) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        /// <summary>Only an active account hands out work.</summary>
        public sealed record AccountNotActive(string Reason) : Outcome;

        /// <summary>It was deleted meanwhile.</summary>
        public sealed record NoSuchVirtualAccount : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.ExpiresAfterDays is < 1 or > MostDays)
        {
            return new Outcome.Invalid($"A token expires after 1 to {MostDays} days, not {request.ExpiresAfterDays}.");
        }

        if (request.MaxUses is < 1)
        {
            return new Outcome.Invalid($"A token has at least 1 use, not {request.MaxUses}; leave the number out for any number of uses.");
        }

        if (request.Description.Length > MostDescriptionCharacters)
        {
            return new Outcome.Invalid($"The description is longer than {MostDescriptionCharacters} characters.");
        }

        return await database.RetryOvertakenAsync(() => TryAsync(request, cancellationToken));
    }

    private async Task<Outcome> TryAsync(Request request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var expiresAt = now.AddDays(request.ExpiresAfterDays);
        var id = Ids.New(now);
        var text = TokenText.New(expiresAt);
        var token = new TokenRow
        {
            Id = id,
            VirtualAccountId = request.VirtualAccount.Id,
            SealedText = TokenRow.Seal(masterKey, id, text),
            Description = request.Description,
            ExportControlled = request.ExportControlled,
            MaxUses = request.MaxUses,
            Uses = 0,
            CreatedBy = request.By.Name,
            CreatedAt = now,
            ExpiresAt = expiresAt,
        };

        await using var session = await database.BeginAsync(cancellationToken);
        if (await new VirtualAccounts(session).FindAsync(request.VirtualAccount.Id, cancellationToken) is null
            || await new LocalAccounts(session).FindAsync(request.VirtualAccount.AccountId, cancellationToken) is not { } account)
        {
            return new Outcome.NoSuchVirtualAccount();
        }

        if (account.Status != AccountStatus.Active)
        {
            return new Outcome.AccountNotActive(
                $"Local account '{account.Name}' is {AccountStatus.Shown(account.Status, account.StatusReason)}; only an active account hands out registration tokens. {AccountStatus.WayToActive(account)}");
        }

        if (request.ExportControlled && account.ExportControlAllowed == false)
        {
            return new Outcome.Invalid($"Cisco does not allow export-controlled functionality for '{account.Name}'. Create the token without it.");
        }

        await new RegistrationTokens(session).AddAsync(token, TokenText.Hash(text), cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.TokenCreated,
                Severity.Info,
                request.By.Name,
                $"Registration token {id} was created for '{request.VirtualAccount.Name}'; it expires on {expiresAt:yyyy-MM-dd}.",
                request.VirtualAccount.AccountId)
            { VirtualAccountId = request.VirtualAccount.Id },
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Created(token, new Secret(text));
    }
}
