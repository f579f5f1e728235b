using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>The licence table: what was bought, what is used, what stands in for what, and what is short.</summary>
internal sealed class ListLicenses(Database database)
{
    public sealed record License(string Tag, LicenseName Name, LicenseBalance Balance)
    {
        public string Status => Balance.InCompliance ? ComplianceWord.InCompliance : ComplianceWord.OutOfCompliance;

        public string Alert => Balance.InCompliance ? "" : Events.Alerts.InsufficientLicenses;
    }

    /// <summary>Licences that are bought or used, in the order of their names.</summary>
    public async Task<IReadOnlyList<License>> ExecuteAsync(string accountId, string virtualAccountId, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var balances = await Compliance.SettleAsync(session, accountId, virtualAccountId, cancellationToken);
        return [.. balances
            .Where(entry => entry.Value.Purchased > 0 || entry.Value.InUse > 0)
            .Select(entry => new License(entry.Key, Catalogue.NameOf(entry.Key), entry.Value))
            .OrderBy(license => license.Name.DisplayName, StringComparer.OrdinalIgnoreCase)
            .ThenBy(license => license.Tag, StringComparer.Ordinal)];
    }
}
