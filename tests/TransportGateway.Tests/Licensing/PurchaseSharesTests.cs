using CsCheck;
using TransportGateway.Licensing;

namespace TransportGateway.Tests.Licensing;

public sealed class PurchaseSharesTests
{
    private static readonly string[] Accounts = ["Default", "Branch", "Zoo"];

    public static TheoryData<string, long, string[], string[]> Cases => new()
    {
        { "the first grant is the default one's", 7, [], ["Default 0 7"] },
        { "more goes to the default one and what was transferred stays", 12, ["Default 5 0", "Branch 5 0"], ["Default 5 7"] },
        { "less is taken from the default one first", 7, ["Default 5 0", "Branch 5 0"], ["Default 5 2"] },
        { "what the default one's products use stays while another has idle ones", 7, ["Default 5 5", "Branch 5 1"], ["Branch 5 2"] },
        { "idle ones go in the order of the virtual accounts", 4, ["Default 3 1", "Branch 3 1", "Zoo 3 1"], ["Branch 3 1", "Default 3 1", "Zoo 3 2"] },
        { "when all are used the default one loses first", 4, ["Default 3 3", "Branch 3 9"], ["Default 3 1"] },
        { "all of it", 0, ["Default 3 3", "Branch 3 9"], ["Branch 3 0", "Default 3 0"] },
        { "nothing changed", 6, ["Default 3 3", "Branch 3 9"], [] },
    };

    private static readonly Gen<(long Granted, LicenseShare[] Shares)> Situations =
        from granted in Gen.Long[0, 20]
        from held in Gen.Select(Gen.Long[0, 8], Gen.Long[0, 8]).Array[3]
        select (granted, held.Select((share, at) => new LicenseShare(Accounts[at], "T", share.Item1, share.Item2)).ToArray());

    [Theory]
    [MemberData(nameof(Cases))]
    public void Shares_change_as_listed(string what, long granted, string[] shares, string[] expected)
    {
        var changes = Settle(granted, [.. shares.Select(Share)]).Select(change => $"{change.VirtualAccountId} {change.Was} {change.Becomes}");
        Assert.True(expected.SequenceEqual(changes), $"{what}: {string.Join(", ", changes)}");
    }

    [Fact]
    public void The_shares_always_add_up_to_what_is_granted_and_none_is_negative() => Situations.Sample(situation =>
    {
        var after = After(situation);
        return after.Values.Sum() == situation.Granted && after.Values.All(quantity => quantity >= 0);
    });

    [Fact]
    public void No_used_licence_is_taken_while_one_lies_idle() => Situations.Sample(situation =>
    {
        var after = After(situation);
        var used = situation.Shares.Any(share => after[share.VirtualAccountId] < Math.Min(share.Purchased, share.InUse));
        var idle = situation.Shares.Any(share => after[share.VirtualAccountId] > share.InUse);
        return !used || !idle;
    });

    private static IReadOnlyList<ShareChange> Settle(long granted, LicenseShare[] shares) =>
        PurchaseShares.Settle(new Dictionary<string, long> { ["T"] = granted }, shares, Accounts);

    private static Dictionary<string, long> After((long Granted, LicenseShare[] Shares) situation)
    {
        var after = situation.Shares.ToDictionary(share => share.VirtualAccountId, share => share.Purchased);
        foreach (var change in Settle(situation.Granted, situation.Shares))
        {
            Assert.Equal(after[change.VirtualAccountId], change.Was);
            after[change.VirtualAccountId] = change.Becomes;
        }

        return after;
    }

    private static LicenseShare Share(string text)
    {
        var parts = text.Split(' ');
        return new LicenseShare(parts[0], "T", long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), long.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture));
    }
}
