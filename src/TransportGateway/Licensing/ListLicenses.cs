using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>The licence table: what was bought, what is used, what stands in for what, and what is short.</summary>
internal sealed class ListLicenses(Database database)
{
    private const string Prepaid = "Prepaid";

    public sealed record License(string Tag, LicenseName Name, string Billing, LicenseBalance Balance)
    {
        public string Status => Balance.InCompliance ? ComplianceWord.InCompliance : ComplianceWord.OutOfCompliance;

        public string Alert => Balance.InCompliance ? "" : Events.Alerts.InsufficientLicenses;
    }

    /// <summary>Licences that are bought or used, in the order of their names.</summary>
    public async Task<IReadOnlyList<License>> ExecuteAsync(string accountId, string virtualAccountId, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var balances = await Compliance.SettleAsync(session, accountId, virtualAccountId, cancellationToken);
        var facts = await new Entitlements(session).FactsAsync(accountId, cancellationToken);
        return [.. balances
            .Where(entry => entry.Value.Purchased > 0 || entry.Value.InUse > 0)
            .Select(entry => facts.TryGetValue(entry.Key, out var fact) && fact.DisplayName.Length > 0
                ? new License(entry.Key, new LicenseName(fact.DisplayName, fact.Description), fact.Billing, entry.Value)
                : new License(entry.Key, Catalogue.NameOf(entry.Key), Prepaid, entry.Value))
            .OrderBy(license => license.Name.DisplayName, StringComparer.OrdinalIgnoreCase)
            .ThenBy(license => license.Tag, StringComparer.Ordinal)];
    }
}
