using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>All product instances of a virtual account: those registered here, and after them those that are relayed.</summary>
internal sealed class Inventory(DbSession session)
{
    public async Task<IReadOnlyList<InstanceRow>> ListAsync(string virtualAccountId, int limit, int offset, CancellationToken cancellationToken)
    {
        var own = await new ProductInstances(session).ListAsync(null, virtualAccountId, limit, offset, cancellationToken);
        if (own.Count >= limit)
        {
            return own;
        }

        var ownCount = (int)await new ProductInstances(session).CountAsync(null, virtualAccountId, cancellationToken);
        var relayed = await new RelayedInstances(session).ListAsync(
            null, virtualAccountId, limit - own.Count, Math.Max(0, offset - ownCount), cancellationToken);
        return [.. own, .. relayed];
    }

    public async Task<long> CountAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        await new ProductInstances(session).CountAsync(null, virtualAccountId, cancellationToken)
        + await new RelayedInstances(session).CountAsync(null, virtualAccountId, cancellationToken);

    public async Task<InstanceRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        await new ProductInstances(session).FindAsync(id, cancellationToken) ?? await new RelayedInstances(session).FindAsync(id, cancellationToken);

    public async Task<InstanceRow?> FindRegisteredAsync(string udiKey, CancellationToken cancellationToken) =>
        await new ProductInstances(session).FindRegisteredAsync(udiKey, cancellationToken)
        ?? await new RelayedInstances(session).FindRegisteredAsync(udiKey, cancellationToken);
}
