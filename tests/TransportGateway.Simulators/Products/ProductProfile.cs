namespace TransportGateway.Simulators;

/// <summary>One licence a product can use, with the name its own pages give it.</summary>
public sealed record LicenseType(string Tag, string Name, string Description);

/// <summary>How a product writes the signing request into its messages; a gateway must read both.</summary>
public enum SigningRequestForm
{
    /// <summary>With the BEGIN and END lines.</summary>
    Pem,

    /// <summary>The DER bytes as one line of base64.</summary>
    BareBase64,
}

/// <summary>
/// What all installations of one product have in common. Names and habits follow what is public; software tags, agent versions
/// and entitlement tags are invented in the observed style, because the real ones are not public.
/// </summary>
public sealed record ProductProfile
{
    public required string Name { get; init; }

    public required string UdiPid { get; init; }

    public required string SoftwareTag { get; init; }

    /// <summary>The message version the product's agent speaks.</summary>
    public required string MessageVersion { get; init; }

    public required string AgentVersion { get; init; }

    public required SigningRequestForm SigningRequestForm { get; init; }

    /// <summary>Whether the registration token travels in <c>credential</c> too, as older agents may do.</summary>
    public required bool SendsCredential { get; init; }

    /// <summary>How this product's pages spell a licence that is not used.</summary>
    public required string NotInUseText { get; init; }

    public required IReadOnlyList<LicenseType> Licenses { get; init; }

    /// <summary>What the agent tells the gateway it can do.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = ["UTILITY", "DLC", "AppHA", "EXPORT_2"];

    public static ProductProfile UnifiedCm { get; } = new()
    {
        Name = "Cisco Unified CM",
        UdiPid = "UCM",
        SoftwareTag = "regid.2016-07.com.cisco.UCM,12.5_c4fee3bf-7bf1-4995-a5d5-db8e6087e399",
        MessageVersion = "1.1",
        AgentVersion = "2.4.3_rel/19",
        SigningRequestForm = SigningRequestForm.Pem,
        SendsCredential = false,
        NotInUseText = "No Licenses in Use",
        Licenses =
        [
            new(EntitlementTags.UcmCuwl, "CUWL", "Cisco Unified Workspace Licensing"),
            new(EntitlementTags.UcmEnhancedPlus, "Enhanced Plus", "Two devices of one user"),
            new(EntitlementTags.UcmEnhanced, "Enhanced", "One device with all features"),
            new(EntitlementTags.UcmBasic, "Basic", "One device with basic features"),
            new(EntitlementTags.UcmEssential, "Essential", "One analogue or fax device"),
            new(EntitlementTags.UcmTelepresenceRoom, "TelePresence Room", "One room system"),
        ],
    };

    public static ProductProfile PrimeInfrastructure { get; } = new()
    {
        Name = "Prime Infrastructure",
        UdiPid = "PI-SOFTWARE",
        SoftwareTag = "regid.2015-06.com.cisco.PI,3.0_633a8fb3-94c4-4fba-ae7b-a7f7b8cf78f6",
        MessageVersion = "1.1",
        AgentVersion = "1.3.1_rel/7",
        SigningRequestForm = SigningRequestForm.BareBase64,
        SendsCredential = true,
        NotInUseText = "No Licenses In Use",
        Licenses =
        [
            new(EntitlementTags.PiAssurance, "Prime Infrastructure 3.x, Assurance Lic.", "The Assurance license"),
            new(EntitlementTags.PiBase, "Prime Infrastructure 3.x, BASE Lic.", "The Base license"),
            new(EntitlementTags.PiLifecycle, "Prime Infrastructure 3.x, Lifecycle Lic.", "The Lifecycle license"),
            new(EntitlementTags.PiUcsServerMgmt, "Prime Infrastructure 3.x, UCS Server MGMT Lic.", "The Data Center license"),
            new(EntitlementTags.PiUcsVm, "Prime Infrastructure 3.x, UCS VM", "The Data Center Hypervisor license"),
        ],
    };
}
