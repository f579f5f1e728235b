using System.Collections.Frozen;

namespace TransportGateway.Access;

/// <summary>What the roles of people may do (ssm-on-prem 1.1). The operator's guide shows this as a table, and a test compares.</summary>
internal static class Roles
{
    /// <summary>Everything.</summary>
    public const string SystemAdministrator = "administrator";

    /// <summary>The day's work on all accounts: synchronisation, accounts, licences; not users, security or the network.</summary>
    public const string SystemOperator = "operator";

    /// <summary>The licensing workspace, where an account's role lets them in.</summary>
    public const string SystemUser = "user";

    public const string AccountAdministrator = "account-administrator";
    public const string AccountUser = "account-user";
    public const string VirtualAccountAdministrator = "virtual-account-administrator";
    public const string VirtualAccountUser = "virtual-account-user";

    private static readonly FrozenDictionary<string, IReadOnlySet<Permission>> ByRole = new Dictionary<string, IReadOnlySet<Permission>>
    {
        [SystemAdministrator] = Set(Enum.GetValues<Permission>()),
        [SystemOperator] = Set(
            Permission.ReadInventory,
            Permission.ReadTokenText,
            Permission.ManageTokens,
            Permission.ManageInstances,
            Permission.ManageVirtualAccounts,
            Permission.ManageLicenses,
            Permission.ManageAccounts,
            Permission.RequestAccount,
            Permission.Synchronize,
            Permission.ReadEvents,
            Permission.ReadMetrics),
        [SystemUser] = Set(Permission.RequestAccount),
        [AccountAdministrator] = Set(
            Permission.ReadInventory,
            Permission.ReadTokenText,
            Permission.ManageTokens,
            Permission.ManageInstances,
            Permission.ManageVirtualAccounts,
            Permission.ManageLicenses,
            Permission.Synchronize,
            Permission.ReadEvents),
        [AccountUser] = Set(
            Permission.ReadInventory,
            Permission.ReadTokenText,
            Permission.ManageTokens,
            Permission.ManageInstances,
            Permission.ManageLicenses,
            Permission.ReadEvents),
        [VirtualAccountAdministrator] = Set(
            Permission.ReadInventory,
            Permission.ReadTokenText,
            Permission.ManageTokens,
            Permission.ManageInstances,
            Permission.ManageLicenses),
        [VirtualAccountUser] = Set(Permission.ReadInventory, Permission.ReadTokenText, Permission.ManageTokens),
    }.ToFrozenDictionary();

    public static IReadOnlyList<string> OfSystem { get; } = [SystemAdministrator, SystemOperator, SystemUser];

    public static IReadOnlyList<string> OfAccounts { get; } = [AccountAdministrator, AccountUser, VirtualAccountAdministrator, VirtualAccountUser];

    public static IReadOnlySet<Permission> PermissionsOf(string role) => ByRole[role];

    /// <summary>Whether a role is given for one virtual account and not for the whole account.</summary>
    public static bool IsOfVirtualAccount(string role) => role is VirtualAccountAdministrator or VirtualAccountUser;

    private static FrozenSet<Permission> Set(params IEnumerable<Permission> permissions) => permissions.ToFrozenSet();
}
