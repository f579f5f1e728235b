namespace TransportGateway.Licensing;

/// <summary>What Software Central granted of the tags that a product asks for: what they are called, and for how long.</summary>
internal sealed class Grants(IEnumerable<EntitlementRow> rows)
{
    private readonly ILookup<string, EntitlementRow> _byTag = rows.ToLookup(row => row.Tag, StringComparer.Ordinal);

    /// <summary>As in the licence table.</summary>
    public LicenseName NameOf(string tag)
    {
        var name = _byTag[tag].Select(row => row.DisplayName).Max(StringComparer.Ordinal);
        return string.IsNullOrEmpty(name) ? Catalogue.NameOf(tag) : new LicenseName(name, _byTag[tag].Select(row => row.Description).Max(StringComparer.Ordinal)!);
    }

    /// <summary>Of several grants in force the one that ends first: until then all that the product is told holds.</summary>
    public EntitlementRow? InForce(string tag, DateTimeOffset now) => _byTag[tag]
        .Where(row => SubscriptionStatus.Of(row, now) == SubscriptionStatus.Active)
        .OrderBy(row => row.EndsAt ?? DateTimeOffset.MaxValue)
        .ThenBy(row => row.StartsAt)
        .ThenBy(row => row.Id, StringComparer.Ordinal)
        .FirstOrDefault();
}
