using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Which licence may stand in for which. Written by synchronisation alone.</summary>
internal sealed class SubstitutionRules(DbSession session)
{
    /// <summary>The rules of an account: @AccountId.</summary>
    public const string Select = "SELECT higher_tag, lower_tag FROM substitution_rules WHERE account_id = @AccountId";

    public async Task<IReadOnlyList<SubstitutionRule>> ListAsync(string accountId, CancellationToken cancellationToken) =>
        Describe(await session.QueryAsync<Row>(Select, new { AccountId = accountId }, cancellationToken));

    public static IReadOnlyList<SubstitutionRule> Describe(IEnumerable<Row> rows) => [.. rows.Select(row => new SubstitutionRule(row.HigherTag, row.LowerTag))];

    public Task<int> DeleteAllAsync(string accountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM substitution_rules WHERE account_id = @AccountId", new { AccountId = accountId }, cancellationToken);

    public Task AddAsync(string accountId, SubstitutionRule rule, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO substitution_rules (account_id, higher_tag, lower_tag) VALUES (@AccountId, @HigherTag, @LowerTag)
            ON CONFLICT (account_id, higher_tag, lower_tag) DO NOTHING
            """,
            new { AccountId = accountId, rule.HigherTag, rule.LowerTag },
            cancellationToken);

    internal sealed class Row
    {
        public required string HigherTag { get; init; }

        public required string LowerTag { get; init; }
    }
}
