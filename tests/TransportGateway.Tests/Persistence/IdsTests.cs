using TransportGateway.Persistence;

namespace TransportGateway.Tests.Persistence;

public sealed class IdsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Identifiers_of_one_millisecond_sort_in_the_order_in_which_they_were_made()
    {
        var sequence = new IdSequence();
        var ids = Enumerable.Range(0, 4096).Select(_ => sequence.Next(Now)).ToArray();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.All(ids, id => Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id));
    }

    [Fact]
    public void Any_number_of_identifiers_in_one_millisecond_differ_and_sort_before_those_of_the_next()
    {
        var sequence = new IdSequence();
        var ids = Enumerable.Range(0, 10_000).Select(_ => sequence.Next(Now)).ToArray();

        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.True(string.CompareOrdinal(ids.Max(StringComparer.Ordinal), sequence.Next(Now.AddMilliseconds(1))) < 0);
    }

    [Fact]
    public void A_clock_that_is_set_back_is_followed()
    {
        var sequence = new IdSequence();
        var later = sequence.Next(Now);
        Assert.True(string.CompareOrdinal(sequence.Next(Now.AddHours(-1)), later) < 0);
    }
}
