using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>The licence table: what was bought, what is used, what stands in for what, and what is short.</summary>
internal sealed class ListLicenses(Database database)
{
    private const string Prepaid = "Prepaid";

    /// <param name="Relayed">What relayed products use of it. Their upstream counts that; it is part of no number in the balance.</param>
    /// <param name="LicenseTags">The labels that people put on it.</param>
    /// <param name="RelayedStatus">The upstream's word for it; empty when nothing is relayed or nothing was said.</param>
    public sealed record License(string Tag, LicenseName Name, string Billing, LicenseBalance Balance, long Relayed, string RelayedStatus, IReadOnlyList<string> LicenseTags)
    {
        public string Status => Balance.InCompliance && !IsOnlyRelayedAndShort ? ComplianceWord.InCompliance : ComplianceWord.OutOfCompliance;

        private bool IsOnlyRelayedAndShort => Balance is { Purchased: 0, InUse: 0 } && RelayedStatus == ComplianceWord.OutOfCompliance;

        public string Alert => Balance.InCompliance ? "" : Events.Alerts.InsufficientLicenses;
    }

    /// <summary>Licences that are bought or used, here or by relayed products, in the order of their names.</summary>
    public async Task<IReadOnlyList<License>> ExecuteAsync(string accountId, string virtualAccountId, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await OfAsync(session, accountId, virtualAccountId, cancellationToken);
    }

    /// <inheritdoc cref="ExecuteAsync"/>
    public static async Task<IReadOnlyList<License>> OfAsync(DbSession session, string accountId, string virtualAccountId, CancellationToken cancellationToken)
    {
        var balances = await Compliance.SettleAsync(session, accountId, virtualAccountId, cancellationToken);
        var facts = await new Entitlements(session).FactsAsync(accountId, cancellationToken);
        var relayed = await new RelayedUsages(session).OfVirtualAccountAsync(virtualAccountId, cancellationToken);
        var labels = (await new LicenseTags(session).AssignmentsAsync(accountId, cancellationToken)).ToLookup(assignment => assignment.EntitlementTag, assignment => assignment.Name, StringComparer.Ordinal);
        return [.. balances
            .Where(entry => entry.Value.Purchased > 0 || entry.Value.InUse > 0)
            .Select(entry => entry.Key)
            .Union(relayed.Keys, StringComparer.Ordinal)
            .Select(tag =>
            {
                var used = relayed.GetValueOrDefault(tag);
                return new License(tag, Catalogue.NameOf(tag, facts), facts.GetValueOrDefault(tag)?.Billing ?? Prepaid, balances.GetValueOrDefault(tag) ?? new LicenseBalance(0, 0, 0), used?.Quantity ?? 0, used?.Status ?? "", [.. labels[tag]]);
            })
            .OrderBy(license => license.Name.DisplayName, StringComparer.OrdinalIgnoreCase)
            .ThenBy(license => license.Tag, StringComparer.Ordinal)];
    }

    /// <summary>Which licence stands in for which now.</summary>
    public async Task<IReadOnlyList<LicenseLoan>> LoansAsync(string accountId, string virtualAccountId, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return LicenseArithmetic.Loans(
            await new LicensePools(session).ListAsync(virtualAccountId, cancellationToken), await new SubstitutionRules(session).ListAsync(accountId, cancellationToken));
    }
}
