namespace TransportGateway.SignOn;

/// <summary>What a directory or a provider says of a person whom it vouches for.</summary>
/// <param name="Origin">One of <see cref="Access.UserOrigin"/>.</param>
/// <param name="ExternalId">What the person is called there for good: it stays when the name changes.</param>
internal sealed record ExternalPerson(string Origin, string ExternalId, string Name, string Email, string FirstName, string LastName, IReadOnlyList<string> Groups);
