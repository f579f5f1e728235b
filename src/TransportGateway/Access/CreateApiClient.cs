using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Makes an API client and hands out its secret, this once.</summary>
internal sealed class CreateApiClient(Database database, TimeProvider clock)
{
    /// <param name="AccountId">The local account it is for, or null for all.</param>
    public sealed record Request(Caller By, string Name, string? AccountId, IReadOnlyList<Permission> Permissions);

    public abstract record Outcome
    {
        public sealed record Created(string ClientId, Secret ClientSecret) : Outcome;

        public sealed record NameInvalid(string Reason) : Outcome;

        /// <summary>A client of one account creates clients for that account only.</summary>
        public sealed record OtherAccount : Outcome;

        public sealed record NoSuchAccount : Outcome;

        /// <summary>Nobody can give what they do not have.</summary>
        public sealed record PermissionNotHeld(Permission Permission) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.AccountId is null ? !request.By.IsForAllAccounts : !request.By.MaySee(request.AccountId))
        {
            return new Outcome.OtherAccount();
        }

        if (request.Name.Trim() is not { Length: > 0 and <= 100 } name || name.Any(char.IsControl))
        {
            return new Outcome.NameInvalid("An API client's name has 1 to 100 characters and no control characters.");
        }

        foreach (var permission in request.Permissions.Where(permission => !MayGive(request, permission)))
        {
            return new Outcome.PermissionNotHeld(permission);
        }

        await using var session = await database.BeginAsync(cancellationToken);
        if (await AddAsync(session, request.By.Name, name, request.AccountId, request.Permissions, clock.GetUtcNow(), cancellationToken) is not { } created)
        {
            return new Outcome.NoSuchAccount();
        }

        await session.CommitAsync();
        return created;
    }

    private static bool MayGive(Request request, Permission permission) =>
        request.AccountId is null ? request.By.For(permission).IsForAllAccounts : request.By.May(permission, request.AccountId);

    /// <returns>Null when there is no such account.</returns>
    internal static async Task<Outcome.Created?> AddAsync(
        DbSession session,
        string by,
        string name,
        string? accountId,
        IEnumerable<Permission> permissions,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var secret = new Secret(Credentials.NewSecret());
        var client = new ApiClientRow
        {
            Id = Credentials.NewSecret(),
            AccountId = accountId,
            Name = name,
            Permissions = string.Join(' ', permissions.Distinct()),
            CreatedBy = by,
            CreatedAt = now,
        };
        if (!await new ApiClients(session).AddAsync(client, Credentials.Hash(secret.Value), cancellationToken))
        {
            return null;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.ApiClientCreated, Severity.Info, by, $"API client '{name}' was created.", accountId), now, cancellationToken);
        return new Outcome.Created(client.Id, secret);
    }
}
