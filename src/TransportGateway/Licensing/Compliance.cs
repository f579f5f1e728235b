using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.Licensing;

/// <summary>Whether what is used is covered, for a licence, for a product, and as an alert.</summary>
internal static class Compliance
{
    public static async Task<IReadOnlyDictionary<string, LicenseBalance>> SettleAsync(
        DbSession session, string accountId, string virtualAccountId, CancellationToken cancellationToken) =>
        LicenseArithmetic.Settle(
            await new LicensePools(session).ListAsync(virtualAccountId, cancellationToken), await new SubstitutionRules(session).ListAsync(accountId, cancellationToken));

    /// <summary>The overall status of a product that uses these licences; none used is a status of its own (8.7.33).</summary>
    public static Authorization Of(IEnumerable<string> tagsInUse, IReadOnlyDictionary<string, LicenseBalance> balances)
    {
        var overall = Authorization.NoLicenses;
        foreach (var tag in tagsInUse)
        {
            if (!balances[tag].InCompliance)
            {
                return Authorization.OutOfCompliance;
            }

            overall = Authorization.Authorized;
        }

        return overall;
    }

    /// <summary>Opens and closes alerts as the pools of the virtual account are now, after a change of them. Of several, in the order of their identifiers.</summary>
    public static async Task RefreshAlertsAsync(DbSession session, string accountId, string virtualAccountId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var balances = LicenseArithmetic.Settle(
            await new LicensePools(session).ListAloneAsync(virtualAccountId, cancellationToken), await new SubstitutionRules(session).ListAsync(accountId, cancellationToken));
        await UpdateAlertsAsync(session, accountId, virtualAccountId, balances, now, cancellationToken);
    }

    /// <summary>Opens the alert of each licence that is short, and closes that of each which is covered again.</summary>
    /// <param name="balances">Of <see cref="LicensePools.ListAloneAsync"/>: nobody else changes these alerts.</param>
    public static async Task UpdateAlertsAsync(
        DbSession session,
        string accountId,
        string virtualAccountId,
        IReadOnlyDictionary<string, LicenseBalance> balances,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var alerts = new Alerts(session);
        var open = (await alerts.ListOpenAsync(accountId, cancellationToken))
            .Where(alert => alert.VirtualAccountId == virtualAccountId && alert.Kind == Alerts.InsufficientLicenses)
            .Select(alert => alert.Source)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (tag, balance) in balances)
        {
            var subject = new AlertSubject(accountId, virtualAccountId, Alerts.InsufficientLicenses, tag);
            if (!balance.InCompliance && !open.Contains(tag))
            {
                await alerts.RaiseAsync(subject, AlertSeverity.Major, "", now, cancellationToken);
            }
            else if (balance.InCompliance && open.Contains(tag))
            {
                await alerts.ClearAsync(subject, now, cancellationToken);
            }
        }
    }
}

/// <summary>The overall status of a product instance.</summary>
internal enum Authorization
{
    /// <summary>No licence is in use.</summary>
    NoLicenses,

    /// <summary>Every licence in use is covered.</summary>
    Authorized,

    /// <summary>At least one licence in use is short in its virtual account.</summary>
    OutOfCompliance,
}

/// <summary>Exact words, matched by clients and shown by products (8.7.31).</summary>
internal static class ComplianceWord
{
    public const string InCompliance = EntitlementStatus.InCompliance;
    public const string OutOfCompliance = EntitlementStatus.OutOfCompliance;
    public const string InvalidTag = EntitlementStatus.InvalidTag;
}
