namespace TransportGateway.Access;

/// <summary>Who a request speaks for.</summary>
/// <param name="Name">As the event log shows it.</param>
/// <param name="AccountId">The one local account it may see, or null for all.</param>
internal sealed record Caller(string Name, string? AccountId, IReadOnlySet<Permission> Permissions)
{
    private static readonly object ItemKey = new();

    /// <summary>Root or the service's own user on this machine: may do everything.</summary>
    public static Caller Local(string userName) => new(userName, AccountId: null, Enum.GetValues<Permission>().ToHashSet());

    public bool May(Permission permission) => Permissions.Contains(permission);

    public bool MaySee(string accountId) => AccountId is null || AccountId == accountId;

    public static Caller? Of(HttpContext context) => context.Items[ItemKey] as Caller;

    public void Attach(HttpContext context) => context.Items[ItemKey] = this;
}
