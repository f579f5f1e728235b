using System.Text.Json.Nodes;
using TransportGateway.Accounts;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Compatible;

/// <summary>How tokens, licences and product instances look to clients of SSM On-Prem (ssm-on-prem 6.2).</summary>
internal static class CompatibleViews
{
    public static string Instant(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);

    public static JsonObject Of(TokenRow token, Secret text) => new()
    {
        ["token"] = text.Value,
        ["description"] = token.Description,
        ["expirationDate"] = Instant(token.ExpiresAt),
        ["exportControlled"] = token.ExportControlled ? "Allowed" : "Not Allowed",
        ["numberofUses"] = token.MaxUses,
        ["createdBy"] = token.CreatedBy,
    };

    /// <param name="names">What the licences of the virtual account are called, by their tags.</param>
    public static JsonObject Of(
        ListLicenses.License license,
        VirtualAccountRow virtualAccount,
        IEnumerable<EntitlementRow> terms,
        IEnumerable<LicenseLoan> loans,
        IReadOnlyDictionary<string, string> names,
        DateTimeOffset now) => new()
        {
            ["license"] = license.Name.DisplayName,
            ["virtualAccount"] = virtualAccount.Name,
            ["quantity"] = license.Balance.Purchased,
            ["inUse"] = license.Balance.InUse,
            ["relayed"] = license.Relayed,
            ["available"] = license.Balance.Balance,
            ["status"] = license.Status,
            ["reserved"] = 0,
            ["pendingQuantity"] = 0,
            ["billingType"] = license.Billing.ToUpperInvariant(),
            ["isPortable"] = false,
            ["ahaApps"] = false,
            ["licenseDetails"] = new JsonArray([.. terms.Select(term => Of(term, now))]),
            ["licenseSubstitutions"] = new JsonArray([.. loans.Select(loan => Of(loan, license.Tag, names))]),
        };

    /// <remarks>Software Central tells nothing of orders and customers; clients read texts there.</remarks>
    private static JsonObject Of(EntitlementRow term, DateTimeOffset now) => new()
    {
        ["licenseType"] = term.EndsAt is null ? "PERPETUAL" : "TERM",
        ["licenseSku"] = term.Sku ?? "",
        ["quantity"] = term.Quantity,
        ["startDate"] = Instant(term.StartsAt),
        ["endDate"] = term.EndsAt is { } end ? Instant(end) : "",
        ["subscriptionId"] = term.SubscriptionId ?? "",
        ["orderNumber"] = "",
        ["orderLineIdentifier"] = "",
        ["billToPo"] = "",
        ["endCustomerPo"] = "",
        ["shipTo"] = "",
        ["customer"] = "",
        ["status"] = SubscriptionStatus.Of(term, now) is SubscriptionStatus.Canceled ? "Cancelled" : SubscriptionStatus.Of(term, now),
    };

    private static JsonObject Of(LicenseLoan loan, string tag, IReadOnlyDictionary<string, string> names)
    {
        var other = loan.LowerTag == tag ? loan.HigherTag : loan.LowerTag;
        return new JsonObject
        {
            ["license"] = names.GetValueOrDefault(tag, tag),
            ["substitutedLicense"] = names.GetValueOrDefault(other, other),
            ["substitutedQuantity"] = loan.Quantity,
            ["substitutionType"] = loan.LowerTag == tag ? "Covered by higher license" : "Covers lower license",
        };
    }

    /// <param name="virtualAccount">The default one: that is where Cisco's grants stand until they are transferred.</param>
    public static JsonObject Of(ListSubscriptions.Subscription subscription, VirtualAccountRow virtualAccount) => new()
    {
        ["license"] = subscription.Entitlement.DisplayName,
        ["virtualAccount"] = virtualAccount.Name,
        ["quantity"] = subscription.Entitlement.Quantity,
        ["billingType"] = subscription.Entitlement.Billing.ToUpperInvariant(),
        ["subscriptionId"] = subscription.Entitlement.SubscriptionId ?? "",
        ["startDate"] = Instant(subscription.Entitlement.StartsAt),
        ["endDate"] = subscription.Entitlement.EndsAt is { } end ? Instant(end) : "",
        ["status"] = subscription.Status,
    };

    public static JsonObject Of(InstanceRow instance) => new()
    {
        ["name"] = instance.DisplayName,
        ["hostName"] = instance.HostName,
        ["productInstanceId"] = instance.Id,
        ["productTagName"] = instance.SoftwareTag,
        ["productType"] = instance.ProductType,
        ["relayed"] = instance.Relayed,
        ["lastContactDate"] = Instant(instance.LastContactAt),
        ["sudi"] = new JsonObject
        {
            ["suvi"] = instance.Suvi,
            ["uuid"] = instance.Uuid,
            ["hostIdentifier"] = instance.HostIdentifier,
            ["udiPid"] = instance.UdiPid,
            ["udiSerialNumber"] = instance.UdiSerialNumber,
            ["udiVid"] = instance.UdiVid,
            ["macAddress"] = instance.MacAddress,
        },
    };
}
