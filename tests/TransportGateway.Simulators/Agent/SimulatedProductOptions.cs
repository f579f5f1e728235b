namespace TransportGateway.Simulators;

public sealed record SimulatedProductOptions
{
    public required ProductDefinition Product { get; init; }

    public required GatewayClient Gateway { get; init; }

    /// <summary>The clock the product lives on: renewals, retries and deadlines.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// The clock of message timestamps and certificate validity, when it is not <see cref="Clock"/>: a product whose days pass in
    /// seconds still has to agree with its gateway on the time of day.
    /// </summary>
    public TimeProvider? WireClock { get; init; }

    /// <summary>Where the product keeps its state; null keeps it in memory.</summary>
    public StateDirectory? State { get; init; }

    /// <summary>A ready key; without one the product makes its own when it first needs it.</summary>
    public ProductKey? Key { get; init; }

    /// <summary>The roots licensing certificates have to lead to, when they are not those of the TLS connection.</summary>
    public TrustAnchors? LicensingAnchors { get; init; }

    public RetryPolicy Retry { get; init; } = new();
}
