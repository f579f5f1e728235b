using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;
using TransportGateway.Webhooks;

namespace TransportGateway.Tests.Webhooks;

/// <summary>Webhooks are told of alerts and synchronisations, on both engines.</summary>
public abstract class WebhookTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync();
        _gateway = await TestGateway.StartAsync<TEngine>(_clock);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task An_alert_that_comes_and_goes_is_told_once_each_and_signed()
    {
        var before = await AuthorizedAsync(SeedProducts.Pi37);
        await DeliverAsync();
        var (_, secret) = await CreateAsync();
        await DeliverAsync();
        // What was so before the webhook came is no news.
        Assert.Empty(_receiver.Messages);

        var id = await AuthorizedAsync(SeedProducts.Cucmpub);
        await DeliverAsync();
        await DeliverAsync();
        Assert.NotEmpty(_receiver.Messages);
        Assert.All(_receiver.Messages, message => Assert.Equal("alert.raised", Type(message)));
        Assert.Equal(_receiver.Messages.Count, _receiver.Messages.Select(message => message.Body).Distinct().Count());
        var data = JsonNode.Parse(_receiver.Messages[0].Body)!["data"]!;
        Assert.Equal((_gateway.Account.Name, Alerts.InsufficientLicenses, "Major"), (data["account"]!.ToString(), data["alert"]!.ToString(), data["severity"]!.ToString()));

        var raised = _receiver.Messages.Count;
        await _gateway.Gateway.Services.GetRequiredService<RemoveInstance>().ExecuteAsync(_gateway.Administrator, id, CancellationToken.None);
        await DeliverAsync();
        Assert.Equal(raised, _receiver.Messages.Skip(raised).Count(message => Type(message) == "alert.cleared"));
        Assert.All(_receiver.Messages, message => Assert.Equal(SignatureOf(message, secret), message.Signature));
        Assert.NotEqual(before, id);
    }

    [Fact]
    public async Task What_is_not_taken_is_sent_again_later_under_the_same_identifier_and_given_up_at_last()
    {
        var (id, _) = await CreateAsync();
        var webhooks = _gateway.Gateway.Services.GetRequiredService<ChangeWebhooks>();
        _receiver.Status = 500;
        Assert.True(await webhooks.TestAsync(id, CancellationToken.None));
        foreach (var pause in DeliverWebhooks.Pauses)
        {
            var sent = _receiver.Messages.Count;
            await DeliverAsync();
            Assert.Equal(sent + 1, _receiver.Messages.Count);
            _clock.Advance(pause - TimeSpan.FromSeconds(1));
            await DeliverAsync();
            Assert.Equal(sent + 1, _receiver.Messages.Count);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        await DeliverAsync();
        _clock.Advance(TimeSpan.FromDays(2));
        await DeliverAsync();
        Assert.Equal(DeliverWebhooks.Pauses.Count + 1, _receiver.Messages.Count);
        Assert.Single(_receiver.Messages.Select(message => message.Id).Distinct());
        Assert.Contains("answered 500", Assert.Single(await _gateway.EventsAsync(EventKinds.WebhookGivenUp)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_a_certificate_that_does_not_verify_is_told_nothing()
    {
        var (id, _) = await CreateAsync();
        var (untrusted, _) = await CreateAsync(anchors: "");
        _receiver.Status = 307;
        var webhooks = _gateway.Gateway.Services.GetRequiredService<ChangeWebhooks>();
        await webhooks.TestAsync(id, CancellationToken.None);
        await webhooks.TestAsync(untrusted, CancellationToken.None);
        await DeliverAsync();
        Assert.Single(_receiver.Messages);
        Assert.Equal("answered 307", (await DeliveriesAsync(id))[0].Outcome);
        Assert.Contains("certificate", (await DeliveriesAsync(untrusted))[0].Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_piles_up_for_one_that_is_away_keeps_nothing_from_the_others()
    {
        var (away, _) = await CreateAsync(anchors: "");
        var (id, _) = await CreateAsync();
        await _gateway.WriteAsync(async (session, now) =>
        {
            for (var i = 0; i < 60; i++)
            {
                await new WebhookStore(session).AddDeliveryAsync(away, "webhook.test", "{}", now, CancellationToken.None);
            }

            return true;
        });
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _gateway.Gateway.Services.GetRequiredService<ChangeWebhooks>().TestAsync(id, CancellationToken.None);
        await DeliverAsync();
        Assert.Equal(DeliveryState.Delivered, Assert.Single(await DeliveriesAsync(id)).State);
    }

    [Theory]
    [InlineData("http://127.0.0.1/", "https URL")]
    [InlineData("https://user:password@127.0.0.1/", "without user and password")]
    [InlineData("no address", "https URL")]
    public async Task An_address_that_will_not_do_is_refused(string address, string expected)
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ManageSettings);
        using var answer = await http.PostAsJsonAsync("/api/v2/webhooks", new { name = "x", address });
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_creates_tries_and_removes_one_and_the_secret_is_shown_once()
    {
        var root = Path.Combine(_gateway.Gateway.Directory.Path, "receiver.pem");
        await File.WriteAllTextAsync(root, _receiver.RootPem);
        Assert.Contains("whsec_", await _gateway.TgctlDoneAsync("webhook", "create", "monitoring", "--address", _receiver.Address, "--tls-anchors", root), StringComparison.Ordinal);
        var list = await _gateway.TgctlDoneAsync("webhook", "list", "-o", "json");
        Assert.DoesNotContain("whsec_", list, StringComparison.Ordinal);
        var id = JsonNode.Parse(list)![0]!["id"]!.ToString();
        await _gateway.TgctlDoneAsync("webhook", "test", id);
        await DeliverAsync();
        Assert.Contains("delivered", await _gateway.TgctlDoneAsync("webhook", "deliveries", id), StringComparison.Ordinal);
        Assert.Contains("--yes", await _gateway.TgctlRefusedAsync("webhook", "remove", id), StringComparison.Ordinal);
        await _gateway.TgctlDoneAsync("webhook", "remove", id, "--yes");
        Assert.Contains("no such webhook", await _gateway.TgctlRefusedAsync("webhook", "test", id), StringComparison.Ordinal);
    }

    private async Task<(string Id, string Secret)> CreateAsync(string? anchors = null)
    {
        var created = Assert.IsType<ChangeWebhooks.Outcome.Created>(await _gateway.Gateway.Services.GetRequiredService<ChangeWebhooks>().CreateAsync(
            _gateway.Administrator, "monitoring", _receiver.Address, anchors ?? _receiver.RootPem, CancellationToken.None));
        return (created.Webhook.Id, created.Secret.Value);
    }

    private async Task<string> AuthorizedAsync(ProductDefinition definition)
    {
        var product = _gateway.Product(definition, clock: _clock);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync()));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        return product.State.ProductInstanceIdentifier!;
    }

    private Task<IReadOnlyList<DeliveryRow>> DeliveriesAsync(string id) => _gateway.ReadAsync(session => new WebhookStore(session).ListDeliveriesAsync(id, 10, CancellationToken.None));

    private async Task DeliverAsync()
    {
        await _gateway.RunAsync<TellNews>();
        await _gateway.RunAsync<DeliverWebhooks>();
    }

    private static string Type(WebhookReceiver.Message message) => JsonNode.Parse(message.Body)!["type"]!.ToString();

    /// <summary>As a receiver computes it, without the gateway's code.</summary>
    private static string SignatureOf(WebhookReceiver.Message message, string secret)
    {
        using var hmac = new HMACSHA256(Convert.FromBase64String(secret[6..]));
        return "v1," + Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes($"{message.Id}.{message.Timestamp}.{message.Body}")));
    }
}

public sealed class SqliteWebhookTests : WebhookTests<SqliteEngine>;

public sealed class PostgreSqlWebhookTests : WebhookTests<PostgreSqlEngine>;

/// <summary>Synchronisations that end, well or not.</summary>
public sealed class SynchronizationWebhookTests
{
    [Fact]
    public async Task A_synchronisation_that_ends_is_told()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var pair = await CentralPair.StartAsync<SqliteEngine>();
        Assert.IsType<ChangeWebhooks.Outcome.Created>(await pair.Service<ChangeWebhooks>().CreateAsync(pair.Gateway.Administrator, "monitoring", receiver.Address, receiver.RootPem, CancellationToken.None));
        var account = await pair.RegisteredAccountAsync("TEST");
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account)).State);
        await pair.Gateway.RunAsync<TellNews>();
        await pair.Gateway.RunAsync<DeliverWebhooks>();
        await pair.Gateway.RunAsync<DeliverWebhooks>();
        var told = Assert.Single(receiver.Messages, message => message.Body.Contains("\"synchronization.succeeded\"", StringComparison.Ordinal));
        Assert.Equal("TEST", JsonNode.Parse(told.Body)!["data"]!["account"]!.ToString());
    }
}
