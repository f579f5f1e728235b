using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Takes over what a product says it uses and tells it whether that is covered.</summary>
/// <remarks>Works in its caller's transaction: the answer is stored with the change, or neither is.</remarks>
internal static class AuthorizeEntitlements
{
    /// <param name="Counts">The whole state: a tag that is left out is released (8.7.28). Tags are distinct, counts are not negative.</param>
    public sealed record Request(
        string AccountId, string VirtualAccountId, string InstanceId, string InstanceName, IReadOnlyList<(string Tag, int Count)> Counts, DateTimeOffset Now);

    /// <param name="Changed">Whether the product uses other quantities than before.</param>
    public sealed record Outcome(Authorization Overall, bool Changed, IReadOnlyList<TagStatus> Tags);

    /// <param name="Count">What the product uses of it: nothing of a tag that is counted nowhere (8.7.32, 8.7.34).</param>
    /// <param name="Grant">The term that counts; null when nothing is granted now.</param>
    public sealed record TagStatus(string Tag, int Count, string Status, LicenseName Name, EntitlementRow? Grant);

    /// <param name="books">As they are in the session's transaction, with the product's row locked.</param>
    public static async Task<Outcome> ExecuteAsync(DbSession session, Request request, LicenseBooks books, CancellationToken cancellationToken)
    {
        var pools = new LicensePools(session);
        var (before, grants) = (books.Usage, books.Grants);
        var after = request.Counts
            .Where(entry => entry.Count > 0 && EntitlementTag.IsWellFormed(entry.Tag))
            .ToDictionary(entry => entry.Tag, entry => (long)entry.Count, StringComparer.Ordinal);
        var changed = before.Count != after.Count || before.Any(entry => after.GetValueOrDefault(entry.Key) != entry.Value);
        if (changed)
        {
            await pools.ReplaceUsageAsync(request.VirtualAccountId, request.InstanceId, before, after, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.UsageChanged, Severity.Info, request.InstanceName, Describe(after, grants), request.AccountId, request.InstanceId)
                {
                    VirtualAccountId = request.VirtualAccountId,
                    Licenses = before.Keys.Union(after.Keys, StringComparer.Ordinal).Where(tag => before.GetValueOrDefault(tag) != after.GetValueOrDefault(tag)),
                },
                request.Now,
                cancellationToken);
        }

        // Once the product's own change is in the pools they are read again, with what others changed before it.
        var balances = LicenseArithmetic.Settle(changed ? await pools.ListAloneAsync(request.VirtualAccountId, cancellationToken) : books.Pools, books.Rules);
        if (changed)
        {
            await Compliance.UpdateAlertsAsync(session, request.AccountId, request.VirtualAccountId, balances, request.Now, cancellationToken);
            await pools.DeleteEmptyAsync(request.VirtualAccountId, before.Keys.Where(tag => !after.ContainsKey(tag)), cancellationToken);
        }

        return new Outcome(
            Compliance.Of(after.Keys, balances),
            changed,
            [.. request.Counts.Select(entry => new TagStatus(
                entry.Tag, (int)after.GetValueOrDefault(entry.Tag), StatusOf(entry.Tag, balances), grants.NameOf(entry.Tag), grants.InForce(entry.Tag, request.Now)))]);
    }

    private static string StatusOf(string tag, IReadOnlyDictionary<string, LicenseBalance> balances) =>
        !EntitlementTag.IsWellFormed(tag) ? ComplianceWord.InvalidTag
        : balances.TryGetValue(tag, out var balance) && !balance.InCompliance ? ComplianceWord.OutOfCompliance
        : ComplianceWord.InCompliance;

    private static string Describe(Dictionary<string, long> usage, Grants grants) =>
        usage.Count == 0
            ? "Uses no licences."
            : "Uses " + string.Join("; ", usage.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{grants.NameOf(entry.Key).DisplayName}: {entry.Value}")) + ".";
}
