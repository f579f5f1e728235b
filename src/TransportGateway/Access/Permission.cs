namespace TransportGateway.Access;

/// <summary>What a caller may do. Every route names one; a route that names none does not start.</summary>
internal enum Permission
{
    /// <summary>List accounts, virtual accounts, tokens without their text, product instances and licences.</summary>
    ReadInventory,

    /// <summary>Read the text of registration tokens, which lets products register.</summary>
    ReadTokenText,

    ManageTokens,

    /// <summary>Remove product instances and move them between virtual accounts.</summary>
    ManageInstances,

    ManageVirtualAccounts,

    /// <summary>Create and delete local accounts; approve and reject the requests for them.</summary>
    ManageAccounts,

    /// <summary>Ask for a local account; an administrator decides.</summary>
    RequestAccount,

    /// <summary>Change the host name and the certificates that the gateway serves.</summary>
    ManageCertificates,

    /// <summary>Register accounts at Software Central and synchronise them, online or by files.</summary>
    Synchronize,

    /// <summary>Say where Software Central is and how to get there; set up the relay.</summary>
    ManageUpstream,

    ReadEvents,

    /// <summary>Have the other node of the cluster serve. Also to drain this node and to let it serve again, which the resource agent does, over the control socket alone.</summary>
    ManageCluster,

    /// <summary>Move everything to another database.</summary>
    ManageDatabase,

    /// <summary>Create and revoke API clients.</summary>
    ManageAccess,

    /// <summary>Create, change and remove users, and say how they sign in.</summary>
    ManageUsers,

    /// <summary>Say what the gateway tells and to whom: webhooks and the like.</summary>
    ManageSettings,

    /// <summary>Read the figures that a monitoring system collects.</summary>
    ReadMetrics,

    /// <summary>Move licences between local virtual accounts, tag and reserve them.</summary>
    ManageLicenses,
}
