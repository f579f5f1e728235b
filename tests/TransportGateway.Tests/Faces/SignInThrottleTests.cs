using System.Net;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Faces;

public sealed class SignInThrottleTests
{
    [Fact]
    public void Who_failed_ten_times_waits_a_minute_from_the_last_of_them()
    {
        var clock = new FakeTimeProvider();
        var throttle = new SignInThrottle(clock);
        throttle.Failed("192.0.2.1");
        clock.Advance(TimeSpan.FromSeconds(59));
        for (var failure = 1; failure < SignInThrottle.MostFailures; failure++)
        {
            Assert.False(throttle.IsBlocked("192.0.2.1"));
            throttle.Failed("192.0.2.1");
        }

        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.True(throttle.IsBlocked("192.0.2.1"));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(throttle.IsBlocked("192.0.2.1"));
        throttle.Failed("192.0.2.1");
        Assert.False(throttle.IsBlocked("192.0.2.1"));
    }

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
    public async Task What_is_tried_at_once_gets_no_more_wrong_answers_than_what_is_tried_in_turn()
    {
        var throttle = new SignInThrottle(new FakeTimeProvider());
        var answers = new TaskCompletionSource();
        var made = 0;
        var attempts = Enumerable.Range(0, 30).Select(_ => AttemptAsync(throttle, answers.Task, "wrong", () => made++)).ToArray();
        Assert.Equal(SignInThrottle.MostFailures, made);
        answers.SetResult();
        Assert.Equal(SignInThrottle.MostFailures, (await Task.WhenAll(attempts)).Count(answer => answer is not null));
        Assert.Equal(SignInThrottle.MostFailures, made);
        Assert.True(throttle.IsBlocked("192.0.2.1"));
    }

    [Fact]
    public async Task Many_who_sign_in_rightly_at_once_wait_for_each_other_and_more_are_told_to_come_again()
    {
        var throttle = new SignInThrottle(new FakeTimeProvider());
        var answers = new TaskCompletionSource();
        var attempts = Enumerable.Range(0, SignInThrottle.MostFailures + SignInThrottle.MostWaiting).Select(_ => AttemptAsync(throttle, answers.Task, "right", () => { })).ToArray();
        await Assert.ThrowsAsync<BusyException>(() => AttemptAsync(throttle, answers.Task, "right", () => { }));
        answers.SetResult();
        Assert.All(await Task.WhenAll(attempts), Assert.NotNull);
        Assert.False(throttle.IsBlocked("192.0.2.1"));
        Assert.NotNull(await AttemptAsync(throttle, answers.Task, "right", () => { }));
    }

    [Fact]
    public async Task An_attempt_without_an_answer_counts_and_one_that_was_not_made_does_not()
    {
        var throttle = new SignInThrottle(new FakeTimeProvider());
        for (var i = 0; i < SignInThrottle.MostFailures; i++)
        {
            await Assert.ThrowsAsync<BusyException>(() => AttemptAsync(throttle, Task.FromException(new BusyException(new Sentence("busy"))), "right", () => { }));
        }

        for (var i = 0; i < SignInThrottle.MostFailures; i++)
        {
            Assert.False(throttle.IsBlocked("192.0.2.1"));
            await Assert.ThrowsAsync<OperationCanceledException>(() => AttemptAsync(throttle, Task.FromException(new OperationCanceledException()), "right", () => { }));
        }

        Assert.True(throttle.IsBlocked("192.0.2.1"));
    }

    [Fact]
    public async Task Costly_work_is_done_one_by_one_and_not_many_wait()
    {
        using var turn = new Turn(2, new Sentence("busy"));
        var (under, most, ready) = (0, 0, new TaskCompletionSource());
        var all = Enumerable.Range(0, 3).Select(_ => turn.TakeAsync(WorkAsync, CancellationToken.None)).ToArray();
        await Assert.ThrowsAsync<BusyException>(() => turn.TakeAsync(WorkAsync, CancellationToken.None));
        ready.SetResult();
        await Task.WhenAll(all);
        Assert.Equal(1, most);
        await turn.TakeAsync(WorkAsync, CancellationToken.None);

        async Task<int> WorkAsync()
        {
            most = Math.Max(most, ++under);
            await ready.Task;
            return --under;
        }
    }

    private static Task<string?> AttemptAsync(SignInThrottle throttle, Task until, string answer, Action begun) => throttle.AttemptAsync(
        "192.0.2.1",
        async () =>
        {
            begun();
            await until;
            return answer;
        },
        outcome => outcome == "wrong",
        CancellationToken.None);

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
