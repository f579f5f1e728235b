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

    /// <summary>Create local accounts.</summary>
    ManageAccounts,

    ReadEvents,

    /// <summary>Create and revoke API clients.</summary>
    ManageAccess,
}
