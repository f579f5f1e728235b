using CsCheck;
using TransportGateway.Licensing;

namespace TransportGateway.Tests.Licensing;

public sealed class LicenseArithmeticTests
{
    private static readonly SubstitutionRule[] Hierarchy =
        [new("CUWL", "EnhancedPlus"), new("EnhancedPlus", "Enhanced"), new("Enhanced", "Basic"), new("Basic", "Essential")];

    public static TheoryData<string, string[], string[]> Cases => new()
    {
        { "nothing bought, all short", ["Basic 0 2"], ["Basic 0 -2"] },
        { "exactly enough", ["Basic 2 2"], ["Basic 0 0"] },
        { "some left", ["Basic 5 2"], ["Basic 0 3"] },
        { "a higher licence covers the next lower one", ["CUWL 90 0", "EnhancedPlus 0 50"], ["CUWL -50 40", "EnhancedPlus 50 0"] },
        { "through a level that has none of its own", ["CUWL 10 0", "Enhanced 0 4", "EnhancedPlus 0 0"], ["CUWL -4 6", "Enhanced 4 0", "EnhancedPlus 0 0"] },
        { "a lower licence never covers a higher one", ["Basic 10 0", "Enhanced 0 4"], ["Basic 0 10", "Enhanced 0 -4"] },
        { "the nearest one lends first", ["CUWL 5 0", "Enhanced 5 0", "Basic 0 5"], ["Basic 5 0", "CUWL 0 5", "Enhanced -5 0"] },
        { "several lend to one", ["CUWL 2 0", "EnhancedPlus 2 0", "Enhanced 0 5"], ["CUWL -2 0", "Enhanced 4 -1", "EnhancedPlus -2 0"] },
        { "a licence that is short itself lends nothing", ["EnhancedPlus 3 4", "Enhanced 0 1"], ["Enhanced 0 -1", "EnhancedPlus 0 -1"] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Balances_come_out_as_listed(string what, string[] pools, string[] expected)
    {
        var settled = LicenseArithmetic.Settle(pools.Select(Pool), Hierarchy);
        Assert.True(
            expected.SequenceEqual(settled.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key} {entry.Value.Substitution} {entry.Value.Balance}")),
            $"{what}: {string.Join(", ", settled)}");
    }

    [Fact]
    public void Lending_is_planned_over_all_licences_and_not_greedily()
    {
        // A covers B and C, D covers B alone. Taking A for B first would leave C short.
        SubstitutionRule[] rules = [new("A", "B"), new("A", "C"), new("D", "B")];
        var settled = LicenseArithmetic.Settle([Pool("A 1 0"), Pool("B 0 1"), Pool("C 0 1"), Pool("D 1 0")], rules);
        Assert.All(settled.Values, balance => Assert.True(balance.InCompliance));
    }

    [Fact]
    public void A_ring_of_rules_ends()
    {
        var settled = LicenseArithmetic.Settle([Pool("A 0 1"), Pool("B 1 0")], [new("A", "B"), new("B", "A")]);
        Assert.Equal(0, settled["A"].Balance);
    }

    private static readonly Gen<(LicensePool[] Pools, SubstitutionRule[] Rules)> Situations =
        from count in Gen.Int[1, 6]
        from quantities in Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5]).Array[count]
        from rules in Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5]).Array[0, 8]
        select (
            quantities.Select((quantity, number) => new LicensePool($"T{number}", quantity.Item1, quantity.Item2)).ToArray(),
            rules.Where(rule => rule.Item1 < rule.Item2 && rule.Item2 < count).Select(rule => new SubstitutionRule($"T{rule.Item1}", $"T{rule.Item2}")).Distinct().ToArray());

    [Fact]
    public void Substitution_conserves_quantity() => Situations.Sample(situation =>
    {
        var settled = LicenseArithmetic.Settle(situation.Pools, situation.Rules);
        return settled.Values.Sum(balance => balance.Substitution) == 0
            && settled.Values.Sum(balance => balance.Balance) == situation.Pools.Sum(pool => pool.Purchased - pool.InUse);
    });

    [Fact]
    public void Nobody_lends_into_shortage_and_nobody_borrows_more_than_is_missing() => Situations.Sample(situation =>
        LicenseArithmetic.Settle(situation.Pools, situation.Rules).Values.All(balance =>
            balance.Substitution <= 0 || balance.Balance <= 0
                ? balance.Substitution >= 0 || balance.Balance >= 0
                : false));

    [Fact]
    public void The_order_of_pools_and_rules_does_not_matter() =>
        Gen.Select(Situations, Gen.Int).Sample(given =>
        {
            var random = new Random(given.Item2);
            var (pools, rules) = (given.Item1.Pools.ToArray(), given.Item1.Rules.ToArray());
            random.Shuffle(pools);
            random.Shuffle(rules);
            var expected = LicenseArithmetic.Settle(given.Item1.Pools, given.Item1.Rules);
            var shuffled = LicenseArithmetic.Settle(pools, rules);
            return expected.All(entry => shuffled[entry.Key] == entry.Value);
        });

    [Fact]
    public void No_assignment_leaves_fewer_licences_short() => Situations.Sample(situation =>
    {
        var missing = LicenseArithmetic.Settle(situation.Pools, situation.Rules).Values.Sum(balance => Math.Max(0, -balance.Balance));
        return missing == LeastMissing(situation.Pools, situation.Rules);
    });

    /// <summary>Hall's theorem, tried over every set of short licences: what a set misses beyond all that can lend to it stays missing.</summary>
    private static long LeastMissing(LicensePool[] pools, SubstitutionRule[] rules)
    {
        var shortage = pools.Where(pool => pool.InUse > pool.Purchased).ToArray();
        var most = 0L;
        for (var set = 0; set < 1 << shortage.Length; set++)
        {
            var chosen = shortage.Where((_, number) => (set & (1 << number)) != 0).ToArray();
            var lenders = pools.Where(pool => pool.Purchased > pool.InUse && chosen.Any(tag => Covers(pool.Tag, tag.Tag, rules)));
            most = Math.Max(most, chosen.Sum(pool => pool.InUse - pool.Purchased) - lenders.Sum(pool => pool.Purchased - pool.InUse));
        }

        return most;
    }

    private static bool Covers(string higher, string lower, SubstitutionRule[] rules) =>
        rules.Any(rule => rule.HigherTag == higher && (rule.LowerTag == lower || Covers(rule.LowerTag, lower, rules)));

    private static LicensePool Pool(string text)
    {
        var parts = text.Split(' ');
        return new LicensePool(parts[0], int.Parse(parts[1]), int.Parse(parts[2]));
    }
}
