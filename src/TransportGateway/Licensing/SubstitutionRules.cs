using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Which licence may stand in for which. Written by synchronisation alone.</summary>
internal sealed class SubstitutionRules(DbSession session)
{
    public async Task<IReadOnlyList<SubstitutionRule>> ListAsync(string accountId, CancellationToken cancellationToken) =>
        [.. (await session.QueryAsync<RuleRow>(
            "SELECT higher_tag, lower_tag FROM substitution_rules WHERE account_id = @AccountId",
            new { AccountId = accountId },
            cancellationToken)).Select(row => new SubstitutionRule(row.HigherTag, row.LowerTag))];

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

    private sealed class RuleRow
    {
        public required string HigherTag { get; init; }

        public required string LowerTag { get; init; }
    }
}
