using TransportGateway.Cluster;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>The person behind a browser's request.</summary>
/// <param name="Secret">The cookie's secret; what proves a form to be the gateway's own is derived from it.</param>
internal sealed record SignedIn(UserRow User, SessionRow Session, Secret Secret, Caller Caller, AccessRules Rules)
{
    private static readonly object ItemKey = new();

    /// <summary>What every form of this session carries, and every request of its scripts: another site cannot know it.</summary>
    public string FormToken => Credentials.Hash("form " + Secret.Value);

    /// <summary>False while the person has to change the password or set up a second factor first.</summary>
    public bool MayGoOn(DateTimeOffset now) => Rules.MayGoOn(User, now);

    public static SignedIn? Of(HttpContext context) => context.Items[ItemKey] as SignedIn;

    public void Attach(HttpContext context) => context.Items[ItemKey] = this;
}

/// <summary>Finds the person behind the session cookie.</summary>
internal sealed class SessionCookie(Database database, NodeRole role, TimeProvider clock)
{
    /// <remarks>The prefix makes browsers insist on https, on no domain and on the whole site.</remarks>
    public const string Name = "__Host-tg-session";

    /// <summary>Sent by scripts that refresh a page by themselves: that nobody uses it ends a session all the same.</summary>
    public const string BackgroundHeader = "X-Background";

    private static readonly TimeSpan TouchInterval = TimeSpan.FromMinutes(1);

    /// <param name="background">Nobody uses the session by this request.</param>
    public async Task<SignedIn?> FindAsync(HttpContext context, bool background, CancellationToken cancellationToken)
    {
        if (SecretOf(context) is not { } secret)
        {
            return null;
        }

        SessionRow? row;
        UserRow? user;
        AccessRules rules;
        IReadOnlyList<AccountRoleRow> roles;
        var now = clock.GetUtcNow();
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            row = await new Sessions(session).FindAsync(Credentials.Hash(secret.Value), cancellationToken);
            rules = await AccessRules.LoadAsync(session, cancellationToken);
            if (row is not { Complete: true } || row.ExpiresAt <= now || row.LastUsedAt.AddMinutes(rules.IdleMinutes) <= now)
            {
                return null;
            }

            user = await new Users(session).FindAsync(row.UserId, cancellationToken);
            roles = await new AccountRoles(session).OfUserAsync(row.UserId, cancellationToken);
        }

        if (user is null || user.Disabled)
        {
            return null;
        }

        // On standby the database takes no writes.
        if (role.IsActive && !background && now - row.LastUsedAt > TouchInterval && !context.Request.Headers.ContainsKey(BackgroundHeader))
        {
            await using var session = await database.BeginAsync(cancellationToken);
            await new Sessions(session).TouchAsync(row.Id, now, cancellationToken);
            await session.CommitAsync();
        }

        return new SignedIn(user, row, secret, CallerOf(user, roles), rules);
    }

    /// <summary>What the user's roles let them do. A system user has nothing but what single accounts give.</summary>
    public static Caller CallerOf(UserRow user, IEnumerable<AccountRoleRow> roles) => new(
        user.Name,
        [
            new Grant(null, null, Roles.PermissionsOf(user.SystemRole)),
            .. roles.Select(role => new Grant(role.AccountId, role.VirtualAccountId, Roles.PermissionsOf(role.Role))),
        ])
    {
        Identity = "user " + user.Id,
    };

    public static Secret? SecretOf(HttpContext context) => context.Request.Cookies[Name] is { Length: > 0 and < 200 } text ? new Secret(text) : null;

    public static void Set(HttpContext context, Secret secret) => context.Response.Cookies.Append(Name, secret.Value, Options());

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Name, Options());

    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}
