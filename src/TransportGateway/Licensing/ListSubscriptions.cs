using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>What Software Central granted an account for a term or under a subscription, and how each stands at this instant.</summary>
internal sealed class ListSubscriptions(Database database, TimeProvider clock)
{
    /// <param name="Status">One of <see cref="SubscriptionStatus"/>.</param>
    public sealed record Subscription(EntitlementRow Entitlement, string Status);

    public async Task<IReadOnlyList<Subscription>> ExecuteAsync(string accountId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.ReadAsync(cancellationToken);
        return [.. (await new Entitlements(session).ListAsync(accountId, cancellationToken))
            .Where(entitlement => entitlement.EndsAt is not null || entitlement.SubscriptionId is not null)
            .Select(entitlement => new Subscription(entitlement, SubscriptionStatus.Of(entitlement, now)))];
    }
}

/// <summary>The words of the compatible API. What Cisco says of a grant counts; of one that it calls active the dates decide.</summary>
internal static class SubscriptionStatus
{
    public const string Active = "Active";
    public const string Canceled = "Canceled";
    public const string Expired = "Expired";
    public const string Future = "Future";
    public const string Pending = "Pending";

    public static string Of(EntitlementRow entitlement, DateTimeOffset now) => entitlement.Status switch
    {
        "Cancelled" => Canceled,
        "Pending" => Pending,
        "Expired" => Expired,
        _ when entitlement.EndsAt <= now => Expired,
        _ when entitlement.StartsAt > now => Future,
        _ => Active,
    };
}
