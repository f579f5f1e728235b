using System.Net;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;

namespace TransportGateway.Tests.Faces;

public sealed class SignInThrottleTests
{
    [Fact]
    public void An_ipv6_network_counts_as_one_source()
    {
        var throttle = new SignInThrottle(new FakeTimeProvider());
        for (var i = 0; i < 10; i++)
        {
            throttle.Failed(IPAddress.Parse($"2001:db8::{i + 1}").ToString());
        }

        Assert.True(throttle.IsBlocked("2001:db8::ffff"));
        Assert.False(throttle.IsBlocked("2001:db8:0:1::1"));
    }

    [Fact]
    public void Ever_new_sources_do_not_fill_the_memory_and_a_block_ends_after_a_minute()
    {
        var clock = new FakeTimeProvider();
        var throttle = new SignInThrottle(clock);
        for (var i = 0; i < 3 * SignInThrottle.MostSources; i++)
        {
            throttle.Failed(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]).ToString());
        }

        Assert.Equal(SignInThrottle.MostSources, throttle.Sources);
        clock.Advance(TimeSpan.FromMinutes(1));
        for (var i = 0; i < 10; i++)
        {
            throttle.Failed("192.0.2.1");
        }

        Assert.Equal(1, throttle.Sources);
        Assert.True(throttle.IsBlocked("::ffff:192.0.2.1"));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(throttle.IsBlocked("192.0.2.1"));
    }
}
