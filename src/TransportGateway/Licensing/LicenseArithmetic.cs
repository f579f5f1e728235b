namespace TransportGateway.Licensing;

/// <summary>Balance and compliance of the licences of one virtual account. Pure: no database, no clock.</summary>
internal static class LicenseArithmetic
{
    /// <summary>Covers shortages with what higher licences have left over, as far as the rules allow.</summary>
    /// <remarks>
    /// The rules form a graph (CUWL over Enhanced Plus over Enhanced ...), and a licence may stand in for any below it.
    /// Greedy lending can leave a shortage that a better choice would have covered, so this is a maximum flow from
    /// surpluses to shortages: the number of licences left short is the smallest possible. Among equals the result is
    /// fixed by distance in the graph and then by the order of the tags, never by the order of the input.
    /// </remarks>
    public static IReadOnlyDictionary<string, LicenseBalance> Settle(IEnumerable<LicensePool> pools, IEnumerable<SubstitutionRule> rules)
    {
        var byTag = ByTag(pools);
        var loans = Lend(byTag, [.. rules]);
        return byTag.Values.ToDictionary(
            pool => pool.Tag,
            pool => new LicenseBalance(
                pool.Purchased,
                pool.InUse,
                loans.Where(loan => loan.Key.Lower == pool.Tag).Sum(loan => loan.Value) - loans.Where(loan => loan.Key.Higher == pool.Tag).Sum(loan => loan.Value)));
    }

    /// <summary>Which licence stands in for which, and how many of it, as <see cref="Settle"/> counts them.</summary>
    public static IReadOnlyList<LicenseLoan> Loans(IEnumerable<LicensePool> pools, IEnumerable<SubstitutionRule> rules) =>
        [.. Lend(ByTag(pools), [.. rules]).Where(loan => loan.Value > 0).Select(loan => new LicenseLoan(loan.Key.Higher, loan.Key.Lower, loan.Value))
            .OrderBy(loan => loan.HigherTag, StringComparer.Ordinal).ThenBy(loan => loan.LowerTag, StringComparer.Ordinal)];

    private static SortedDictionary<string, LicensePool> ByTag(IEnumerable<LicensePool> pools)
    {
        var byTag = new SortedDictionary<string, LicensePool>(StringComparer.Ordinal);
        foreach (var pool in pools)
        {
            byTag.Add(pool.Tag, pool);
        }

        return byTag;
    }

    private static Dictionary<(string Higher, string Lower), long> Lend(
        SortedDictionary<string, LicensePool> pools, IReadOnlyCollection<SubstitutionRule> rules)
    {
        var loans = new Dictionary<(string Higher, string Lower), long>();
        var short_ = pools.Values.Where(pool => pool.InUse > pool.Purchased).ToDictionary(pool => pool.Tag, pool => pool.InUse - pool.Purchased);
        var spare = pools.Values.Where(pool => pool.Purchased > pool.InUse).ToDictionary(pool => pool.Tag, pool => pool.Purchased - pool.InUse);
        if (rules.Count == 0 || short_.Count == 0 || spare.Count == 0)
        {
            return loans;
        }

        var lenders = short_.Keys.ToDictionary(tag => tag, tag => HigherThan(tag, rules).Where(spare.ContainsKey).ToArray());
        foreach (var tag in pools.Keys.Where(short_.ContainsKey))
        {
            while (short_[tag] > 0 && FindPath(tag, lenders, spare, loans) is { } path)
            {
                var amount = Math.Min(short_[tag], spare[path[^1].Lender]);
                for (var i = 1; i < path.Count; i++)
                {
                    amount = Math.Min(amount, loans[(path[i - 1].Lender, path[i].Borrower)]);
                }

                short_[tag] -= amount;
                spare[path[^1].Lender] -= amount;
                for (var i = 0; i < path.Count; i++)
                {
                    loans[(path[i].Lender, path[i].Borrower)] = loans.GetValueOrDefault((path[i].Lender, path[i].Borrower)) + amount;
                    if (i > 0)
                    {
                        loans[(path[i - 1].Lender, path[i].Borrower)] -= amount;
                    }
                }
            }
        }

        return loans;
    }

    /// <summary>A shortest way to a lender with something left: it lends directly, or takes over what another lender lends elsewhere.</summary>
    private static List<(string Borrower, string Lender)>? FindPath(
        string start, Dictionary<string, string[]> lenders, Dictionary<string, long> spare, Dictionary<(string Higher, string Lower), long> loans)
    {
        var reachedFrom = new Dictionary<string, (string Borrower, string? PreviousLender)>(StringComparer.Ordinal);
        var borrowers = new Queue<(string Borrower, string? Through)>([(start, null)]);
        while (borrowers.TryDequeue(out var next))
        {
            foreach (var lender in lenders[next.Borrower].Where(lender => reachedFrom.TryAdd(lender, next)))
            {
                if (spare[lender] > 0)
                {
                    var path = new List<(string Borrower, string Lender)>();
                    for (var at = lender; at is not null; at = reachedFrom[at].PreviousLender)
                    {
                        path.Insert(0, (reachedFrom[at].Borrower, at));
                    }

                    return path;
                }

                foreach (var loan in loans.Where(loan => loan.Key.Higher == lender && loan.Value > 0).OrderBy(loan => loan.Key.Lower, StringComparer.Ordinal))
                {
                    borrowers.Enqueue((loan.Key.Lower, lender));
                }
            }
        }

        return null;
    }

    /// <summary>Every licence that may stand in for this one, the nearest first.</summary>
    private static List<string> HigherThan(string tag, IReadOnlyCollection<SubstitutionRule> rules)
    {
        var found = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal) { tag };
        var level = new List<string> { tag };
        while (level.Count > 0)
        {
            level = [.. rules.Where(rule => level.Contains(rule.LowerTag)).Select(rule => rule.HigherTag).Where(seen.Add).Order(StringComparer.Ordinal)];
            found.AddRange(level);
        }

        return found;
    }
}

/// <summary>A licence of a virtual account: what was bought and what its products use.</summary>
internal sealed record LicensePool(string Tag, long Purchased, long InUse);

/// <summary>One licence of the higher kind stands in for one of the lower kind.</summary>
internal sealed record SubstitutionRule(string HigherTag, string LowerTag);

/// <summary>So many of the higher licence stand in for the lower one.</summary>
internal sealed record LicenseLoan(string HigherTag, string LowerTag, long Quantity);

/// <param name="Substitution">What higher licences lend to this one (positive), or what this one lends (negative).</param>
internal sealed record LicenseBalance(long Purchased, long InUse, long Substitution)
{
    public long Balance => Purchased - InUse + Substitution;

    public bool InCompliance => Balance >= 0;
}
