using TransportGateway.Access;

namespace TransportGateway.Web;

/// <summary>Roles in the words that administrators know (ssm-on-prem 1.1), in English, to be looked up in the person's language.</summary>
internal static class RoleNames
{
    public static string Of(string role) => role switch
    {
        Roles.SystemAdministrator => "System Administrator",
        Roles.SystemOperator => "System Operator",
        Roles.SystemUser => "System User",
        Roles.AccountAdministrator => "Local Account Administrator",
        Roles.AccountUser => "Local Account User",
        Roles.VirtualAccountAdministrator => "Local Virtual Account Administrator",
        Roles.VirtualAccountUser => "Local Virtual Account User",
        _ => role,
    };
}
