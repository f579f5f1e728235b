namespace TransportGateway.Licensing;

/// <summary>How the licences that an account has purchased lie in its local virtual accounts. Pure: no database, no clock.</summary>
internal static class PurchaseShares
{
    /// <summary>What has to change so that the shares of each licence add up to what Cisco grants, in the order in which pools are touched.</summary>
    /// <remarks>
    /// A grant that grows goes to the first virtual account, which is the default one. What a grant shrinks by is taken from what no product uses,
    /// in the order of the virtual accounts, and only then, in the same order, from the rest: no product loses its cover while licences lie idle elsewhere.
    /// </remarks>
    /// <param name="virtualAccounts">All of the account, the default one first.</param>
    public static IReadOnlyList<ShareChange> Settle(
        IReadOnlyDictionary<string, long> granted, IReadOnlyCollection<LicenseShare> shares, IReadOnlyList<string> virtualAccounts)
    {
        var held = shares.ToDictionary(share => (share.VirtualAccountId, share.Tag));
        var changes = new List<ShareChange>();
        foreach (var tag in granted.Keys.Union(shares.Select(share => share.Tag), StringComparer.Ordinal))
        {
            var before = virtualAccounts.Select(id => held.GetValueOrDefault((id, tag)) ?? new LicenseShare(id, tag, 0, 0)).ToArray();
            var after = Settle(granted.GetValueOrDefault(tag), before);
            changes.AddRange(before.Zip(after, (share, becomes) => new ShareChange(share.VirtualAccountId, tag, share.Purchased, becomes)).Where(change => change.Was != change.Becomes));
        }

        return [.. changes.OrderBy(change => change.VirtualAccountId, StringComparer.Ordinal).ThenBy(change => change.Tag, StringComparer.Ordinal)];
    }

    private static long[] Settle(long granted, LicenseShare[] shares)
    {
        var after = shares.Select(share => share.Purchased).ToArray();
        var missing = granted - after.Sum();
        if (missing >= 0)
        {
            after[0] += missing;
            return after;
        }

        foreach (var onlyIdle in new[] { true, false })
        {
            for (var at = 0; at < after.Length; at++)
            {
                var taken = Math.Min(-missing, Math.Max(0, after[at] - (onlyIdle ? shares[at].InUse : 0)));
                after[at] -= taken;
                missing += taken;
            }
        }

        return after;
    }
}

/// <summary>What a virtual account has of a licence, and what its products use of it.</summary>
internal sealed record LicenseShare(string VirtualAccountId, string Tag, long Purchased, long InUse);

internal sealed record ShareChange(string VirtualAccountId, string Tag, long Was, long Becomes);
