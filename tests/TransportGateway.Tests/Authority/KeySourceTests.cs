using System.Security.Cryptography;
using System.Threading.Channels;
using TransportGateway.Authority;

namespace TransportGateway.Tests.Authority;

public sealed class KeySourceTests
{
    [Fact]
    public async Task Keys_are_made_ahead_for_a_first_run_and_on_demand_after_it()
    {
        var made = new List<RSA>();
        using var fourth = new SemaphoreSlim(0);
        var source = new KeySource(() =>
        {
            var key = RSA.Create();
            lock (made)
            {
                made.Add(key);
                if (made.Count == 4)
                {
                    fourth.Release();
                }
            }

            return key;
        });

        source.MakeAhead();

        Assert.True(await fourth.WaitAsync(TimeSpan.FromSeconds(30)));
        var taken = new[] { await source.NextAsync(), await source.NextAsync(), await source.NextAsync(), await source.NextAsync() };
        Assert.Equal(made, taken);
        Assert.Same(await source.NextAsync(), made[4]);
    }

    [Fact]
    public async Task Whoever_waits_for_keys_has_them_made_side_by_side()
    {
        using var two = new Barrier(2);
        var source = new KeySource(() =>
        {
            Assert.True(two.SignalAndWait(TimeSpan.FromSeconds(30)));
            return RSA.Create();
        });

        source.MakeAhead();
        var keys = new[] { await source.NextAsync(), await source.NextAsync(), await source.NextAsync(), await source.NextAsync() };

        Assert.Equal(4, keys.Distinct().Count());
    }

    [Fact]
    public async Task Keys_that_cannot_be_made_fail_whoever_asks_for_them()
    {
        var source = new KeySource(() => throw new CryptographicException("No randomness."));
        source.MakeAhead();

        var failure = await Assert.ThrowsAsync<ChannelClosedException>(source.NextAsync);

        Assert.IsType<CryptographicException>(failure.InnerException);
        await Assert.ThrowsAsync<ChannelClosedException>(source.NextAsync);
    }
}
