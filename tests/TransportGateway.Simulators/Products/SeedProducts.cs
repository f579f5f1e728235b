namespace TransportGateway.Simulators;

/// <summary>
/// The four products of the story this gateway is measured by: two of them register before a failover, two after it, and
/// together they give the licence table of that story (Assurance 2, BASE 2, Lifecycle 48; Basic 2, Enhanced 47, Enhanced Plus 1,
/// Essential 4, Telepresence Room 1).
/// </summary>
public static class SeedProducts
{
    public static ProductDefinition Annanr39 { get; } = Prime(
        "annanr-39",
        new Entitlement(EntitlementTags.PiBase, 1),
        new Entitlement(EntitlementTags.PiLifecycle, 34));

    public static ProductDefinition Cucmpub { get; } = UnifiedCm(
        "cucmpub",
        "6b1f2c0d94e74a53b8d06c7e5a1f9d42",
        new Entitlement(EntitlementTags.UcmEnhancedPlus, 1),
        new Entitlement(EntitlementTags.UcmEnhanced, 3),
        new Entitlement(EntitlementTags.UcmTelepresenceRoom, 1));

    public static ProductDefinition Pi37 { get; } = Prime(
        "pi37",
        new Entitlement(EntitlementTags.PiAssurance, 2),
        new Entitlement(EntitlementTags.PiBase, 1),
        new Entitlement(EntitlementTags.PiLifecycle, 14));

    public static ProductDefinition CucmPub30 { get; } = UnifiedCm(
        "cucm-pub-30",
        "d83e57a1c6024bbf9f1ce27b08d4356a",
        new Entitlement(EntitlementTags.UcmEnhanced, 44),
        new Entitlement(EntitlementTags.UcmBasic, 2),
        new Entitlement(EntitlementTags.UcmEssential, 4));

    /// <summary>In the order in which the story registers them.</summary>
    public static IReadOnlyList<ProductDefinition> All { get; } = [Annanr39, Cucmpub, Pi37, CucmPub30];

    public static ProductDefinition? Find(string name) =>
        All.FirstOrDefault(product => string.Equals(product.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A Prime Infrastructure that hides its host name: the gateway can only name it by its UDI.</summary>
    public static ProductDefinition Prime(string serialNumber, params Entitlement[] entitlements) => new()
    {
        Name = serialNumber,
        Profile = ProductProfile.PrimeInfrastructure,
        Sudi = new Sudi { UdiPid = ProductProfile.PrimeInfrastructure.UdiPid, UdiSerialNumber = serialNumber },
        HostName = null,
        Entitlements = entitlements,
    };

    /// <summary>A Unified CM publisher; like other products of its family its serial number is the start of its uuid.</summary>
    public static ProductDefinition UnifiedCm(string hostName, string uuid, params Entitlement[] entitlements) => new()
    {
        Name = hostName,
        Profile = ProductProfile.UnifiedCm,
        Sudi = new Sudi { Uuid = uuid, UdiPid = ProductProfile.UnifiedCm.UdiPid, UdiSerialNumber = uuid[..27] },
        HostName = hostName,
        Entitlements = entitlements,
    };
}
