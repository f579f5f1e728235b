using Microsoft.Extensions.Time.Testing;
using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

public sealed class ProductRetriesTests : IAsyncLifetime
{
    private readonly FakeTimeProvider clock = new(TimeProvider.System.GetUtcNow());
    private FakeGateway gateway = null!;
    private GatewayClient client = null!;
    private SimulatedProduct product = null!;

    public async Task InitializeAsync()
    {
        gateway = await FakeGateway.StartAsync(clock);
        client = gateway.Client(DeviceTransport.CallHome);
        product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Cucmpub,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
            Clock = clock,
        });
    }

    public async Task DisposeAsync()
    {
        product.Dispose();
        client.Dispose();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_lost_answer_makes_the_product_send_the_same_bytes_again_at_once()
    {
        gateway.LoseAnswers(1);

        var result = await product.RegisterAsync("a-token");

        Assert.IsType<ProductResult.Accepted>(result);
        Assert.Equal(2, gateway.Requests.Count);
        Assert.Equal(gateway.Requests.First().Body, gateway.Requests.Last().Body);
    }

    [Fact]
    public async Task Without_any_answer_the_product_tries_the_same_bytes_again_after_fifteen_minutes()
    {
        gateway.LoseAnswers(2);
        var result = Assert.IsType<ProductResult.Unreachable>(await product.RegisterAsync("a-token"));
        Assert.True(result.MayHaveArrived);
        Assert.StartsWith("Fail to send out Call Home HTTP message: the connection broke before an answer came", result.Display, StringComparison.Ordinal);
        Assert.Equal(RegistrationStatus.RetryInProgress, product.State.Registration);

        clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(AgentTask.Wait, (await product.TickAsync()).Task);
        clock.Advance(TimeSpan.FromMinutes(1));
        var step = await product.TickAsync();

        Assert.Equal("The time came to send the last message again: Registration completed successfully.", step.Sentence);
        Assert.True(product.State.IsRegistered);
        Assert.Single(gateway.Requests.Select(request => Convert.ToBase64String(request.Body)).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_message_the_gateway_would_no_longer_take_is_made_anew()
    {
        gateway.LoseAnswers(2);
        await product.RegisterAsync("a-token");
        clock.Advance(TimeSpan.FromMinutes(56));
        await product.TickAsync();
        Assert.True(product.State.IsRegistered);
        Assert.NotEqual(gateway.Requests.First().Nonce, gateway.Requests.Last().Nonce);
    }

    [Fact]
    public async Task The_pauses_between_attempts_grow()
    {
        gateway.LoseAnswers(int.MaxValue);
        await product.RegisterAsync("a-token");
        foreach (var minutes in new[] { 15, 30, 60, 120, 240, 240 })
        {
            Assert.Equal(clock.GetUtcNow().AddMinutes(minutes), product.State.Pending!.NextAttempt);
            clock.Advance(TimeSpan.FromMinutes(minutes));
            Assert.Equal(AgentTask.Retry, (await product.TickAsync()).Task);
        }
    }

    [Fact]
    public async Task A_busy_gateway_is_asked_again_when_it_says_so_with_the_same_bytes()
    {
        gateway.BeBusy(1);
        var result = Assert.IsType<ProductResult.Unverifiable>(await product.RegisterAsync("a-token"));
        Assert.Equal("HTTP error: the gateway answered HTTP 503", result.Display);
        Assert.Equal(clock.GetUtcNow().AddHours(1), product.State.Pending!.NextAttempt);

        Assert.IsType<ProductResult.Accepted>(await product.RetryAsync());
        Assert.Equal(gateway.Requests.First().Body, gateway.Requests.Last().Body);
    }

    [Fact]
    public async Task A_gateway_that_asks_to_try_again_gets_the_same_bytes_because_the_work_may_have_been_done()
    {
        await product.RegisterAsync("a-token");
        gateway.Refusal = ("OK_TRY_AGAIN", "Server error occurred: LS_LICENGINE_FAIL_TO_CONNECT");
        var result = Assert.IsType<ProductResult.Refused>(await product.AuthorizeAsync());
        Assert.Equal("OK_TRY_AGAIN: Server error occurred: LS_LICENGINE_FAIL_TO_CONNECT", result.Display);

        gateway.Refusal = null;
        clock.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal("The time came to send the last message again: Authorization completed successfully.", (await product.TickAsync()).Sentence);
        Assert.Equal(3, gateway.Requests.Count);
        Assert.Equal(gateway.Requests.ElementAt(1).Body, gateway.Requests.Last().Body);
    }

    [Fact]
    public async Task Another_wish_replaces_the_one_that_waits()
    {
        await product.RegisterAsync("a-token");
        gateway.LoseAnswers(2);
        await product.AuthorizeAsync([new Entitlement(EntitlementTags.UcmBasic, 1)]);
        await product.AuthorizeAsync([new Entitlement(EntitlementTags.UcmBasic, 2)]);
        Assert.Equal(2, (int)gateway.Requests.Last().Data["entitlements"]![0]!["count"]!);
        Assert.Null(product.State.Pending);
    }

    [Fact]
    public async Task A_refused_registration_is_not_tried_again_by_itself()
    {
        gateway.Refusal = ("FAILED", """{"token":["The token 'a-token' is not valid."]}""");
        var result = Assert.IsType<ProductResult.Refused>(await product.RegisterAsync("a-token"));
        Assert.Equal("""FAILED: {"token":["The token 'a-token' is not valid."]}""", result.Display);
        Assert.False(result.Verified);
        Assert.Equal(RegistrationStatus.Failed, product.State.Registration);
        Assert.Equal("The product waits to be registered.", (await product.TickAsync()).Sentence);
    }

    [Fact]
    public async Task A_product_whose_identity_is_gone_is_no_longer_registered()
    {
        await product.RegisterAsync("a-token");
        gateway.Refusal = ("FAILED", MessageOnTheWireTests.Identity(product.State.ProductInstanceIdentifier!));
        var result = Assert.IsType<ProductResult.Refused>(await product.AuthorizeAsync());
        Assert.True(result.Verified);
        Assert.False(product.State.IsRegistered);
        Assert.Null(product.State.ProductInstanceIdentifier);
        Assert.Contains("Please re-register the instance.", product.State.LastFailure, StringComparison.Ordinal);
        Assert.Equal(
            "The product is not registered; register it with a token first.", (await product.RenewIdCertificateAsync()).Display);
    }

    [Fact]
    public async Task A_product_forgets_its_registration_even_when_the_gateway_cannot_be_told()
    {
        await product.RegisterAsync("a-token");
        gateway.LoseAnswers(2);
        Assert.IsType<ProductResult.Unreachable>(await product.DeregisterAsync());
        Assert.Equal(RegistrationStatus.NotRegistered, product.State.Registration);
        Assert.Null(product.State.Pending);
    }

    [Fact]
    public async Task Work_that_takes_longer_is_asked_for_after_the_interval_the_gateway_gives()
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response =>
        {
            response["status"] = "OK_POLL";
            response["response_data"] = """{"poll_id":773126444402795033,"poll_interval":300,"action":"authorizations"}""";
        };
        var result = Assert.IsType<ProductResult.MustPoll>(await product.AuthorizeAsync());
        Assert.Equal(773126444402795033, result.PollId);

        gateway.EditResponse = null;
        clock.Advance(TimeSpan.FromSeconds(300));
        Assert.IsType<ProductResult.Accepted>((await product.TickAsync()).Result);
        Assert.Equal("POLL", gateway.Requests.Last().RequestType);
        Assert.Equal(773126444402795033, (long)gateway.Requests.Last().Data["poll_id"]!);
    }
}
