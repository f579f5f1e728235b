namespace TransportGateway.Simulators;

/// <summary>A number of licences of one kind, as a product asks for it. A count of 0 gives the licence back.</summary>
public sealed record Entitlement(string Tag, int Count, string Version = "1.0");

/// <summary>One installation of a product: what makes it different from every other one.</summary>
public sealed record ProductDefinition
{
    /// <summary>The name the simulator knows it by; also its folder on disk.</summary>
    public required string Name { get; init; }

    public required ProductProfile Profile { get; init; }

    public required Sudi Sudi { get; init; }

    /// <summary>Null when the operator ticked "do not share my host name".</summary>
    public string? HostName { get; init; }

    /// <summary>What it asks for when nothing else is said.</summary>
    public required IReadOnlyList<Entitlement> Entitlements { get; init; }
}
