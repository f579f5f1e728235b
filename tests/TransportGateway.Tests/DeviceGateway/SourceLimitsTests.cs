using TransportGateway.DeviceGateway;

namespace TransportGateway.Tests.DeviceGateway;

public sealed class SourceLimitsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(15)]
    [InlineData(19)]
    [InlineData(25)]
    [InlineData(1000)]
    [InlineData(10_000_000)]
    public void A_source_may_send_exactly_its_rate(int rate)
    {
        var bucket = SourceLimits.Bucket(4000, rate);
        Assert.Equal(rate, bucket.TokensPerPeriod / bucket.ReplenishmentPeriod.TotalSeconds, rate * 1e-3);
    }
}
