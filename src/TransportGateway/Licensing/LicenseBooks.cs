using Dapper;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>All that an authorisation looks at: what the product uses, the pools of its virtual account, the rules of its account, what was granted of the tags.</summary>
internal sealed record LicenseBooks(IReadOnlyDictionary<string, long> Usage, IReadOnlyList<LicensePool> Pools, IReadOnlyList<SubstitutionRule> Rules, Grants Grants)
{
    /// <summary>Statements for what <see cref="ReadAsync"/> reads: @InstanceId, @VirtualAccountId, @AccountId, @Tags.</summary>
    public static string Select(Dialect dialect) =>
        $"{LicensePools.SelectUsage}; {LicensePools.Select}; {SubstitutionRules.Select}; {Entitlements.SelectGrants(dialect)}";

    public static async Task<LicenseBooks> ReadAsync(SqlMapper.GridReader results) => new(
        LicensePools.Describe(await results.ReadAsync<LicensePools.UsageRow>()),
        LicensePools.Describe(await results.ReadAsync<LicensePools.PoolRow>()),
        SubstitutionRules.Describe(await results.ReadAsync<SubstitutionRules.Row>()),
        new Grants(await results.ReadAsync<EntitlementRow>()));
}
