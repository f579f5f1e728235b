namespace TransportGateway.Access;

/// <summary>Who a request speaks for, and what they may do where.</summary>
/// <param name="Name">As the event log shows it.</param>
internal sealed record Caller(string Name, IReadOnlyList<Grant> Grants)
{
    private static readonly object ItemKey = new();
    private static readonly object WholeItemKey = new();

    /// <summary>Who it is, whatever it is called: several API clients may have one name.</summary>
    public string Identity { get; init; } = "local " + Name;

    /// <summary>One that may do the same in one local account, or in all when that is null.</summary>
    public Caller(string name, string? accountId, IReadOnlySet<Permission> permissions)
        : this(name, [new Grant(accountId, null, permissions)])
    {
    }

    /// <summary>Whether what it may do holds for the whole gateway and not just for some accounts.</summary>
    public bool IsForAllAccounts => Grants.Any(grant => grant.AccountId is null);

    /// <summary>The accounts that it may see as a whole; null when it may see all.</summary>
    public IReadOnlyCollection<string>? WholeAccountIds => IsForAllAccounts ? null : [.. Grants.Where(grant => grant.VirtualAccountId is null).Select(grant => grant.AccountId!).Distinct()];

    /// <summary>Where it may see something, each place once.</summary>
    public IReadOnlyCollection<(string? AccountId, string? VirtualAccountId)> Scopes => IsForAllAccounts
        ? [(null, null)]
        : [.. Grants.Where(grant => grant.VirtualAccountId is null || !MaySee(grant.AccountId!, null)).Select(grant => (grant.AccountId, grant.VirtualAccountId)).Distinct()];

    /// <summary>Root or the service's own user on this machine: may do everything.</summary>
    public static Caller Local(string userName) => new(userName, accountId: null, Enum.GetValues<Permission>().ToHashSet());

    /// <summary>Whether it has the permission anywhere.</summary>
    public bool May(Permission permission) => Grants.Any(grant => grant.Permissions.Contains(permission));

    /// <summary>Whether it has the permission in the account, or in the virtual account where one is named.</summary>
    public bool May(Permission permission, string accountId, string? virtualAccountId = null) => For(permission).MaySee(accountId, virtualAccountId);

    /// <summary>Whether any of the account is its business.</summary>
    public bool MaySee(string accountId) => Grants.Any(grant => grant.AccountId is null || grant.AccountId == accountId);

    /// <summary>Whether the virtual account is its business; null asks for the whole account.</summary>
    public bool MaySee(string accountId, string? virtualAccountId) => Grants.Any(grant => grant.Covers(accountId, virtualAccountId));

    /// <summary>The same caller with only what has this permission: where it may see, it may do it.</summary>
    public Caller For(Permission permission) => this with { Grants = [.. Grants.Where(grant => grant.Permissions.Contains(permission))] };

    /// <summary>The same person through a program: what both may do, where both may do it. Only reading the inventory reaches as far as the person's own rights.</summary>
    /// <remarks>A client of SSM On-Prem is made for one local account, and lists with a person's password every account that the person may see (ssm-on-prem 6.1).</remarks>
    public Caller Limit(Caller program) => this with { Grants = [.. Grants.SelectMany(grant => program.Grants.SelectMany(grant.Limit))] };

    /// <summary>Whether it holds every permission of the role there, so that it may give the role away. Nobody can give what they do not have.</summary>
    /// <param name="accountId">Null: everywhere.</param>
    public bool Holds(string role, string? accountId, string? virtualAccountId) => Roles.PermissionsOf(role).All(permission => For(permission).Grants.Any(grant =>
        grant.AccountId is null || (accountId is not null && grant.Covers(accountId, virtualAccountId))));

    public static Caller? Of(HttpContext context) => context.Items[ItemKey] as Caller;

    /// <summary>The same caller with all that it may do.</summary>
    public static Caller? WholeOf(HttpContext context) => context.Items[WholeItemKey] as Caller;

    public void Attach(HttpContext context) => context.Items[ItemKey] = this;

    /// <summary>Lets the request do what has this permission.</summary>
    public void Attach(HttpContext context, Permission permission)
    {
        context.Items[WholeItemKey] = this;
        For(permission).Attach(context);
    }
}

/// <summary>What a caller may do in one place.</summary>
/// <param name="AccountId">Null: everywhere.</param>
/// <param name="VirtualAccountId">Null: in the whole account.</param>
internal sealed record Grant(string? AccountId, string? VirtualAccountId, IReadOnlySet<Permission> Permissions)
{
    public bool Covers(string accountId, string? virtualAccountId) =>
        AccountId is null || (AccountId == accountId && (VirtualAccountId is null || VirtualAccountId == virtualAccountId));

    /// <summary>What is left of it through a program that has the other one.</summary>
    public IEnumerable<Grant> Limit(Grant program)
    {
        var both = Permissions.Intersect(program.Permissions).ToHashSet();
        if (both.Contains(Permission.ReadInventory))
        {
            yield return this with { Permissions = new HashSet<Permission> { Permission.ReadInventory } };
        }

        if (both.Count > 0 && (AccountId is null || program.AccountId is null || AccountId == program.AccountId)
            && (VirtualAccountId is null || program.VirtualAccountId is null || VirtualAccountId == program.VirtualAccountId))
        {
            yield return new Grant(AccountId ?? program.AccountId, VirtualAccountId ?? program.VirtualAccountId, both);
        }
    }
}
