using Microsoft.Extensions.Time.Testing;
using TransportGateway.DeviceGateway;

namespace TransportGateway.Tests.DeviceGateway;

public sealed class RegistrationGateTests
{
    [Fact]
    public async Task Who_stands_in_line_for_long_is_sent_away_and_who_came_later_keeps_the_place()
    {
        var clock = new FakeTimeProvider();
        using var gate = new RegistrationGate(new RegistrationGateOptions(AtATime: 1, InLine: 2), clock);
        var place = await gate.EnterAsync(CancellationToken.None);
        var first = gate.EnterAsync(CancellationToken.None);
        clock.Advance(RegistrationGate.MostWait / 2);
        var second = gate.EnterAsync(CancellationToken.None);
        Assert.Equal(2, gate.Waiting);

        clock.Advance(RegistrationGate.MostWait / 2);
        Assert.Null(await first);
        Assert.Equal(1, gate.Waiting);

        place!.Dispose();
        using var served = await second;
        Assert.NotNull(served);
    }

    [Fact]
    public async Task A_product_that_hangs_up_in_line_leaves_it()
    {
        using var gate = new RegistrationGate(new RegistrationGateOptions(AtATime: 1, InLine: 1), TimeProvider.System);
        using var place = await gate.EnterAsync(CancellationToken.None);
        using var hangUp = new CancellationTokenSource();
        var waiting = gate.EnterAsync(hangUp.Token);

        await hangUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, gate.Waiting);
    }
}
