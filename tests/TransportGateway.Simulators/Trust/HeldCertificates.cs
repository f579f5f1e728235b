namespace TransportGateway.Simulators.Trust;

/// <summary>The gateway's certificates that a registered product has kept, as PEM.</summary>
internal sealed record HeldCertificates(string SigningCertificate, string SubCaCertificate);
