using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Simulators;

public sealed class ProductTimersTests : IAsyncLifetime
{
    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
    private FakeGateway gateway = null!;
    private GatewayClient client = null!;
    private SimulatedProduct product = null!;

    public async Task InitializeAsync()
    {
        gateway = await FakeGateway.StartAsync(clock);
        client = gateway.Client();
        product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Pi37,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
            Clock = clock,
        });
        await product.RegisterAsync("a-token");
        await product.AuthorizeAsync();
    }

    public async Task DisposeAsync()
    {
        product.Dispose();
        client.Dispose();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_product_out_of_compliance_reports_again_after_twelve_hours()
    {
        clock.Advance(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(1));
        Assert.Equal(AgentTask.Wait, (await product.TickAsync()).Task);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("The time came to report the licences in use: Authorization completed successfully.", (await product.TickAsync()).Sentence);
    }

    [Fact]
    public async Task A_product_that_uses_nothing_reports_again_after_thirty_days()
    {
        await product.AuthorizeAsync([]);
        Assert.Equal(AuthorizationStatus.NoLicensesInUse, product.State.Authorization);
        clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromSeconds(1));
        Assert.Equal(AgentTask.Wait, (await product.TickAsync()).Task);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(AgentTask.Authorize, (await product.TickAsync()).Task);
    }

    [Fact]
    public async Task The_id_certificate_is_renewed_after_180_days()
    {
        var serial = product.State.IdCertSerialNumber;
        clock.Advance(TimeSpan.FromDays(180));
        await TickUntilQuietAsync();
        Assert.Contains(gateway.Requests, request => request.RequestType == "ID_CERT_RENEW");
        Assert.NotEqual(serial, product.State.IdCertSerialNumber);
        Assert.InRange(product.State.RenewAt!.Value - clock.GetUtcNow(), TimeSpan.FromDays(180) - TimeSpan.FromSeconds(1), TimeSpan.FromDays(180));
    }

    [Fact]
    public async Task A_renewal_may_bring_a_new_key_and_the_next_message_is_signed_with_it()
    {
        using var next = ProductKey.Create();
        Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync(next));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.Equal(next.Name, product.State.KeyName);
    }

    [Fact]
    public async Task Without_contact_the_authorization_expires_at_the_deadline()
    {
        gateway.LoseAnswers(int.MaxValue);
        for (var day = 0; day < 90; day++)
        {
            Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
            clock.Advance(TimeSpan.FromDays(1));
            await TickUntilQuietAsync();
        }

        Assert.Equal(AuthorizationStatus.Expired, product.State.Authorization);
        Assert.True(product.State.IsRegistered);

        gateway.LoseAnswers(0);
        await product.RetryAsync();
        Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
    }

    [Fact]
    public async Task Without_contact_the_registration_ends_with_its_certificate_and_an_hour_of_grace()
    {
        gateway.LoseAnswers(int.MaxValue);
        clock.Advance(TimeSpan.FromDays(365));
        await TickUntilQuietAsync();
        Assert.True(product.State.IsRegistered);
        clock.Advance(TimeSpan.FromHours(1));
        await TickUntilQuietAsync();
        Assert.False(product.State.IsRegistered);
        Assert.Equal("The registration expired; register the product again.", product.State.LastFailure);
    }

    [Fact]
    public async Task A_running_product_keeps_its_dates_by_itself_and_stops_when_told()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var steps = Channel.CreateUnbounded<AgentStep>();
        var life = product.RunAsync(step => steps.Writer.TryWrite(step), stop.Token);

        for (var report = 0; report < 2; report++)
        {
            clock.Advance(TimeSpan.FromHours(12));
            AgentStep? step = null;
            await Wait.UntilAsync(() =>
            {
                // It may have looked at the clock before that, and begun to wait after it.
                clock.Advance(TimeSpan.FromMinutes(1));
                return steps.Reader.TryRead(out step);
            });
            Assert.Equal(AgentTask.Authorize, step!.Task);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => life);
    }

    [Fact]
    public async Task A_running_product_notices_at_once_that_its_operator_registered_it()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var other = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Cucmpub,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
            Clock = clock,
        });
        var steps = Channel.CreateUnbounded<AgentStep>();
        var life = other.RunAsync(step => steps.Writer.TryWrite(step), stop.Token);
        await other.RegisterAsync("a-token", cancellationToken: stop.Token);

        // It has never reported its licences, so that is the first thing it does.
        Assert.Equal(AgentTask.Authorize, (await steps.Reader.ReadAsync(stop.Token)).Task);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => life);
    }

    [Fact]
    public void A_sped_up_clock_runs_that_many_times_faster()
    {
        var outside = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var start = outside.GetUtcNow().AddYears(1);
        var inside = new SpedUpClock(outside, factor: 86_400, start);
        using var fired = new CancellationTokenSource(TimeSpan.FromDays(30), inside);

        outside.Advance(TimeSpan.FromSeconds(29));
        Assert.False(fired.IsCancellationRequested);
        Assert.Equal(start.AddDays(29), inside.GetUtcNow());
        outside.Advance(TimeSpan.FromSeconds(1));
        Assert.True(fired.IsCancellationRequested);
    }

    [Fact]
    public async Task A_product_on_a_sped_up_clock_still_writes_the_time_of_day_into_its_messages()
    {
        var start = clock.GetUtcNow().AddYears(3);
        using var fast = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Cucmpub,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
            Clock = new SpedUpClock(clock, factor: 1000, start),
            WireClock = clock,
        });
        Assert.IsType<ProductResult.Accepted>(await fast.RegisterAsync("a-token"));
        Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds(), (long)gateway.Requests.Last().Data["timestamp"]!);
        Assert.InRange(fast.State.RenewAt!.Value - start, TimeSpan.FromDays(180) - TimeSpan.FromSeconds(1), TimeSpan.FromDays(180));
    }

    private async Task TickUntilQuietAsync()
    {
        while ((await product.TickAsync()).Task != AgentTask.Wait)
        {
        }
    }
}
