namespace TransportGateway.Simulators.Load;

/// <summary>The products to measure with could not be registered; the message says how many and why.</summary>
public sealed class LoadPreparationException(string message) : Exception(message);
