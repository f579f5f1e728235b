using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Checks passwords that are kept elsewhere.</summary>
internal interface IExternalPasswords
{
    /// <returns>The user, made here if need be; null when the person is not known there, the password is wrong, or there is no such place.</returns>
    /// <exception cref="Http.BusyException">The place cannot be reached.</exception>
    Task<UserRow?> CheckAsync(string name, Secret password, CancellationToken cancellationToken);
}
