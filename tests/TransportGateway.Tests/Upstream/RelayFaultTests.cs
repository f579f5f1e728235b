using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Simulators;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>An upstream that is slow, away or talks rubbish: products try again, administrators are told, nothing piles up.</summary>
public sealed class RelayFaultTests
{
    public enum Fault
    {
        Hangs,
        Breaks,
        CutsItsAnswer,
        ServerError,
        Portal,
        RedirectsToAPortal,
        Garbage,
        TooMuch,
        TooMuchWithoutALength,
    }

    public static TheoryData<Fault, DeviceTransport> Faults()
    {
        var faults = new TheoryData<Fault, DeviceTransport>();
        foreach (var fault in Enum.GetValues<Fault>())
        {
            faults.Add(fault, DeviceTransport.CallHome);
            faults.Add(fault, DeviceTransport.SmartTransport);
        }

        return faults;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_product_is_told_to_try_again_and_succeeds_when_the_upstream_is_right_again(Fault fault, DeviceTransport transport)
    {
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        if (fault == Fault.Hangs)
        {
            await pair.ChangeAsync(request => request with { TimeoutSeconds = 5 });
        }

        pair.Upstream.InsteadOfAnswer = context => MisbehaveAsync(context, fault);
        var product = pair.StockProduct(SeedProducts.Cucmpub, transport);

        var failed = Assert.IsType<ProductResult.Unverifiable>(await product.RegisterAsync(RelayPair.ForeignToken)).Answer;

        Assert.Equal((503, TimeSpan.FromSeconds(60)), (failed.Status, failed.RetryAfter));
        Assert.Contains("cannot be reached by the gateway now", Encoding.UTF8.GetString(failed.Body), StringComparison.Ordinal);
        Assert.Single(pair.Upstream.Requests);
        Assert.Empty(await pair.RelayedAsync());
        Assert.Contains(pair.Gateway.Log.Lines, line => line.Contains("relay failed (the upstream https://", StringComparison.Ordinal));

        pair.Upstream.InsteadOfAnswer = null;
        Assert.IsType<ProductResult.Accepted>(await product.RetryAsync());
        Assert.Single(await pair.RelayedAsync());
    }

    [Fact]
    public async Task An_upstream_whose_certificate_does_not_verify_is_sent_nothing()
    {
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        await pair.ChangeAsync(request => request with { TlsAnchors = FakeAuthority.Foreign.Root.ExportCertificatePem() });

        var answer = await pair.Gateway.Client().PostAsync(pair.StockProduct(SeedProducts.Cucmpub).DraftRegistration(RelayPair.ForeignToken).Seal());

        Assert.Equal(503, answer.Http.Status);
        Assert.Empty(pair.Upstream.Requests);
        Assert.Contains("does not chain to the trust anchors of the relay", Assert.Single(pair.Routes.Upstreams, upstream => upstream.Path == RelayPath.SmartTransport).Health.Now.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_way_leads_through_a_proxy_that_wants_a_password()
    {
        await using var proxy = new ConnectProxy("gateway", "open sesame");
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        await pair.ChangeAsync(request => request with { Proxy = proxy.Address.AbsoluteUri, ProxyUser = "gateway", ProxyPassword = new Secret("wrong") });
        var product = pair.StockProduct(SeedProducts.Cucmpub);
        Assert.Equal(503, Assert.IsType<ProductResult.Unverifiable>(await product.RegisterAsync(RelayPair.ForeignToken)).Answer.Status);
        Assert.Empty(pair.Upstream.Requests);

        await pair.ChangeAsync(request => request with { ProxyPassword = new Secret("open sesame") });
        Assert.IsType<ProductResult.Accepted>(await product.RetryAsync());
        Assert.True(proxy.Tunnels > 0);
        Assert.DoesNotContain(pair.Gateway.Log.Lines, line => line.Contains("open sesame", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_alert_comes_after_the_time_that_is_set_and_goes_when_the_upstream_is_back_without_anybody_asking()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var pair = await RelayPair.StartAsync<SqliteEngine>(clock);
        await pair.ChangeAsync(request => request with { CallHome = "", AlertMinutes = 10 });
        var address = pair.Upstream.Address(DeviceTransport.SmartTransport).AbsoluteUri;
        pair.Upstream.Down = true;
        var product = pair.StockProduct(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Unverifiable>(await product.RegisterAsync(RelayPair.ForeignToken));
        var since = clock.GetUtcNow();

        await PassTimeUntilAsync(clock, async () => (await AlertsAsync(pair)).Count > 0);

        var alert = Assert.Single(await AlertsAsync(pair));
        Assert.Equal((Alerts.UpstreamUnreachable, AlertSeverity.Major, address), (alert.Kind, alert.Severity, alert.Source));
        Assert.StartsWith($"The upstream {address} broke the connection off", alert.Message, StringComparison.Ordinal);
        Assert.EndsWith("Products that are relayed to it are told to try again.", alert.Message, StringComparison.Ordinal);
        // The database keeps whole milliseconds.
        Assert.True(alert.RaisedAt - since > TimeSpan.FromMinutes(10) - TimeSpan.FromMilliseconds(1));
        Assert.Single(await pair.Gateway.EventsAsync(EventKinds.UpstreamAway));

        pair.Upstream.Down = false;
        await PassTimeUntilAsync(clock, async () => (await AlertsAsync(pair)).Count == 0);

        Assert.Equal($"The upstream {address} answers again.", Assert.Single(await pair.Gateway.EventsAsync(EventKinds.UpstreamBack)).Message);
        Assert.Equal(UpstreamState.Up, Assert.Single(pair.Routes.Upstreams).Health.Now.State);
    }

    [Fact]
    public async Task The_alert_goes_when_another_upstream_is_set()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var pair = await RelayPair.StartAsync<SqliteEngine>(clock);
        await pair.ChangeAsync(request => request with { CallHome = "", SmartTransport = "https://localhost:1/nobody", AlertMinutes = 1 });
        await PassTimeUntilAsync(clock, async () => (await AlertsAsync(pair)).Count > 0);

        await pair.ChangeAsync(request => request);

        await PassTimeUntilAsync(clock, async () => (await AlertsAsync(pair)).Count == 0);
    }

    [Fact]
    public async Task An_upstream_that_answers_whoever_looks_and_fails_every_message_is_not_back_before_it_answers_one()
    {
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        pair.Upstream.InsteadOfAnswer = context => MisbehaveAsync(context, Fault.ServerError);
        var product = pair.StockProduct(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Unverifiable>(await product.RegisterAsync(RelayPair.ForeignToken));
        var health = pair.Routes.Find(RelayPath.SmartTransport)!.Health;

        Assert.Null(await pair.Routes.Find(RelayPath.SmartTransport)!.ProbeAsync(CancellationToken.None));
        Assert.Equal(UpstreamState.Away, health.Now.State);

        pair.Upstream.InsteadOfAnswer = null;
        Assert.IsType<ProductResult.Accepted>(await product.RetryAsync());
        Assert.Equal(UpstreamState.Up, health.Now.State);
    }

    [Theory]
    [InlineData(Fault.Hangs)]
    [InlineData(Fault.Breaks)]
    [InlineData(Fault.CutsItsAnswer)]
    public async Task An_upstream_that_did_not_answer_a_message_is_back_when_it_answers_whoever_looks(Fault fault)
    {
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        await pair.ChangeAsync(request => request with { TimeoutSeconds = 5 });
        pair.Upstream.InsteadOfAnswer = context => MisbehaveAsync(context, fault);
        Assert.IsType<ProductResult.Unverifiable>(await pair.StockProduct(SeedProducts.Cucmpub).RegisterAsync(RelayPair.ForeignToken));

        pair.Upstream.InsteadOfAnswer = null;
        var upstream = pair.Routes.Find(RelayPath.SmartTransport)!;
        Assert.Null(await upstream.ProbeAsync(CancellationToken.None));
        Assert.Equal(UpstreamState.Up, upstream.Health.Now.State);
    }

    [Fact]
    public async Task While_an_upstream_hangs_so_many_messages_wait_and_the_rest_are_told_at_once_to_come_again()
    {
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        var release = new TaskCompletionSource();
        pair.Upstream.InsteadOfAnswer = _ => release.Task;
        using var relay = new RelayMessage(pair.Gateway.Database, pair.Routes, new RelayLimits(AtATime: 2, InLine: 3), pair.Service<RecordRelayed>(), NullLogger<RelayMessage>.Instance);
        var messages = Enumerable.Range(0, 20).Select(_ => Encoding.UTF8.GetBytes(pair.StockProduct(SeedProducts.Cucmpub).DraftRegistration(RelayPair.ForeignToken).Seal().Json)).ToArray();

        var answers = messages.Select(message => relay.ExecuteAsync(
            new RelayMessage.Request(RelayPath.SmartTransport, new RelayedRequest(message, [], []), message, "127.0.0.1"), CancellationToken.None)).ToList();
        var refused = new List<RelayMessage.Outcome?>();
        while (refused.Count < 15)
        {
            var done = await Task.WhenAny(answers);
            answers.Remove(done);
            refused.Add(await done);
        }

        Assert.All(refused, outcome => Assert.Equal("was not asked, because too many messages wait for it", Assert.IsType<RelayAnswer.Failed>(outcome!.Answer).Cause));
        Assert.True(pair.Upstream.Requests.Count <= 2);
        Assert.All(answers, answer => Assert.False(answer.IsCompleted));
        release.SetResult();
        await Task.WhenAll(answers);
    }

    [Fact]
    public async Task Storms_of_messages_for_an_upstream_that_is_away_are_not_passed_on_one_by_one()
    {
        await using var pair = await RelayPair.StartAsync<SqliteEngine>();
        pair.Upstream.InsteadOfAnswer = context => MisbehaveAsync(context, Fault.ServerError);
        var client = pair.Gateway.Client(options: new GatewayClientOptions { KeepAlive = true });
        var message = pair.StockProduct(SeedProducts.Cucmpub).DraftRegistration(RelayPair.ForeignToken).Seal();

        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(503, (await client.PostAsync(message)).Http.Status);
        }

        Assert.True(pair.Upstream.Requests.Count < 20);
    }

    private static Task<IReadOnlyList<AlertRow>> AlertsAsync(RelayPair pair) =>
        pair.Gateway.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(Alerts.UpstreamUnreachable, CancellationToken.None));

    /// <summary>Lets the gateway's own jobs run.</summary>
    private static async Task PassTimeUntilAsync(FakeTimeProvider clock, Func<Task<bool>> condition)
    {
        for (var i = 0; !await condition(); i++)
        {
            Assert.True(i < 1000);
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    private static async Task MisbehaveAsync(HttpContext context, Fault fault)
    {
        var response = context.Response;
        switch (fault)
        {
            case Fault.Hangs:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                break;
            case Fault.Breaks:
                context.Abort();
                break;
            case Fault.CutsItsAnswer:
                response.ContentLength = 1000;
                await response.WriteAsync("{\"response\":\"{}\", ");
                await response.Body.FlushAsync();
                context.Abort();
                break;
            case Fault.ServerError:
                response.StatusCode = 500;
                await response.WriteAsync("<html>Internal Server Error</html>");
                break;
            case Fault.Portal:
                response.ContentType = "text/html";
                await response.WriteAsync("<!DOCTYPE html><html><body>Please sign in to this network.</body></html>");
                break;
            case Fault.RedirectsToAPortal:
                response.Redirect("https://portal.example.com/");
                break;
            case Fault.Garbage:
                await response.Body.WriteAsync(new byte[] { 0x1f, 0x8b, 0, 0, 1, 2, 3 });
                break;
            case Fault.TooMuch:
                response.ContentLength = RelayUpstream.MostAnswerBytes + 1;
                await WriteTooMuchAsync(response);
                break;
            default:
                await WriteTooMuchAsync(response);
                break;
        }
    }

    private static async Task WriteTooMuchAsync(HttpResponse response)
    {
        var blank = Encoding.UTF8.GetBytes(new string(' ', RelayUpstream.MostAnswerBytes - 1) + "{}");
        try
        {
            await response.Body.WriteAsync(blank, response.HttpContext.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The gateway had enough.
        }
    }
}
