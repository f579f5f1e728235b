using Microsoft.Extensions.Time.Testing;
using TransportGateway.Cluster;

namespace TransportGateway.Tests.Cluster;

/// <summary>What is under way finishes; what comes later waits.</summary>
public sealed class DrainTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Drain _drain;

    public DrainTests() => _drain = new Drain(_clock);

    [Fact]
    public async Task Draining_ends_when_the_last_request_under_way_has_been_answered()
    {
        await _drain.EnterAsync(default);
        await _drain.EnterAsync(default);
        var drained = _drain.DrainAsync(default);

        _drain.Leave();
        Assert.False(drained.IsCompleted);
        _drain.Leave();

        await drained;
        Assert.True(_drain.IsDraining);
    }

    [Fact]
    public async Task A_request_that_comes_before_the_last_one_is_answered_is_still_taken()
    {
        await _drain.EnterAsync(default);
        var drained = _drain.DrainAsync(default);

        await _drain.EnterAsync(default);
        _drain.Leave();
        Assert.False(drained.IsCompleted);
        _drain.Leave();

        await drained;
    }

    [Fact]
    public async Task A_request_that_comes_later_waits_until_the_node_serves_again()
    {
        await _drain.DrainAsync(default);
        var waiting = _drain.EnterAsync(default);
        Assert.False(waiting.IsCompleted);

        _drain.Resume();

        await waiting;
        Assert.False(_drain.IsDraining);
        // It counts again: the next drain waits for it.
        var next = _drain.DrainAsync(default);
        Assert.False(next.IsCompleted);
        _drain.Leave();
        await next;
    }

    [Fact]
    public async Task A_request_does_not_wait_longer_than_a_role_takes_to_move()
    {
        await _drain.DrainAsync(default);
        var waiting = _drain.EnterAsync(default);

        _clock.Advance(TimeSpan.FromSeconds(15));

        await waiting;
    }

    [Fact]
    public async Task A_product_that_hangs_up_while_it_waits_is_not_counted()
    {
        await _drain.DrainAsync(default);
        using var gone = new CancellationTokenSource();
        var waiting = _drain.EnterAsync(gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _drain.Resume();
        await _drain.DrainAsync(default);
    }

    [Fact]
    public async Task Whoever_drains_can_stop_waiting()
    {
        await _drain.EnterAsync(default);
        using var impatient = new CancellationTokenSource();
        var drained = _drain.DrainAsync(impatient.Token);

        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => drained);
    }
}
