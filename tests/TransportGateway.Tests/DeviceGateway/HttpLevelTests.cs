using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.DeviceGateway;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Simulators;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>Below the licensing layer: content types, broken bodies, wrong paths, bounds (1.2, 8.7.9, 8.7.11, 8.7.13).</summary>
public abstract class HttpLevelTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_body_is_read_as_it_is_whatever_content_type_it_claims()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var contentType in new string?[]
        {
            null,
            "application/x-www-form-urlencoded",
            "text/xml",
            "application/xml",
            "application/soap+xml; charset=utf-8; action=\"*\"",
            "application/json",
            "multipart/form-data; boundary=x",
            "text/plain; charset=iso-8859-1",
        })
        {
            foreach (var transport in new[] { DeviceTransport.CallHome, DeviceTransport.SmartTransport })
            {
                var client = gateway.Client(transport);
                var answer = await client.PostAsync(client.Write(product.DraftAuthorization().Seal(), SeedProducts.Cucmpub), contentType);
                Assert.Equal((200, "OK"), (answer.Http.Status, answer.Status));
                Assert.Equal(transport == DeviceTransport.CallHome ? "text/xml; charset=utf-8" : "application/json", answer.Http.ContentType);
            }
        }
    }

    [Fact]
    public async Task The_habits_of_Call_Home_senders_are_put_up_with()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var habit in new string[]
        {
            "base64",
            "byte order mark",
            "illegal character references",
            "indented",
            "form field",
            "bare form",
        })
        {
            var client = gateway.Client(DeviceTransport.CallHome, new GatewayClientOptions
            {
                CallHome = new CallHomeStyle
                {
                    Base64 = habit == "base64",
                    ByteOrderMark = habit == "byte order mark",
                    IllegalCharacterReferences = habit == "illegal character references",
                    Indented = habit == "indented",
                },
            });
            var body = client.Write(product.DraftAuthorization().Seal(), SeedProducts.Cucmpub);
            Assert.Contains("mustUnderstand=\"true\"", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
            if (habit.EndsWith("form", StringComparison.Ordinal) || habit.StartsWith("form", StringComparison.Ordinal))
            {
                body = Encoding.ASCII.GetBytes((habit == "form field" ? "XML=" : "") + Uri.EscapeDataString(Encoding.UTF8.GetString(body)));
            }

            Assert.Equal("OK", (await client.PostAsync(body, client.ContentType)).Status);
        }
    }

    [Fact]
    public async Task A_byte_order_mark_before_JSON_is_tolerated()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        Assert.Equal("OK", (await gateway.Client().PostAsync([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(product.DraftAuthorization().Seal().Json)], "application/json")).Status);
    }

    [Fact]
    public async Task A_body_that_is_no_Call_Home_message_gets_a_SOAP_fault_that_says_why()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        foreach (var (body, reason) in new (string, string)[]
        {
            ("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/hostname\">]><Envelope>&e;</Envelope>", "The message has a document type declaration"),
            ("this is no XML", "The message is not readable as XML"),
            ("", "The message is"),
            ("<html/>", "The "),
            ("<Envelope><Body/></Envelope>", "The Call Home message has no attachment with a licensing message (it is called smart_licensing_data)."),
            ("<Envelope><Attachment><Name>smart_licensing_data</Name><Data>{}</Data></Attachment></Envelope>", "The envelope is not usable"),
        })
        {
            var answer = await gateway.Client(DeviceTransport.CallHome).PostAsync(Encoding.UTF8.GetBytes(body), "text/xml");

            Assert.Equal((400, "text/xml; charset=utf-8"), (answer.Http.Status, answer.Http.ContentType));
            Assert.Equal("soap-env:Sender", answer.FaultCode);
            Assert.StartsWith(reason, answer.Fault, StringComparison.Ordinal);
            Assert.Equal($"A message was refused: {answer.Fault}", (await gateway.EventsAsync(EventKinds.MessageRefused))[0].Message);
        }
    }

    [Fact]
    public async Task A_body_without_even_a_nonce_gets_400_and_the_reason_as_JSON()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        foreach (var (body, reason) in new (string, string)[]
        {
            ("this is no JSON", "The message is not readable as JSON"),
            ("", "The message is empty."),
            ("[]", "The message is not a JSON object."),
            ("{\"request\":\"{}\"}", "The field header is missing or not an object."),
            ("{\"request\":\"{}\",\"request\":\"{}\"}", "The message has the key request twice"),
            ("{\"request\":\"{\\\"header\\\":{\\\"nonce\\\":\\\"abc\\\"}}\"}", "The field header.nonce is missing or not a decimal number"),
            ("{\"request\":\"\\ud800\"}", "The envelope is not usable"),
        })
        {
            var answer = await gateway.Client().PostAsync(Encoding.UTF8.GetBytes(body), "application/json");

            Assert.Equal((400, "application/json"), (answer.Http.Status, answer.Http.ContentType));
            using var json = System.Text.Json.JsonDocument.Parse(answer.Body);
            Assert.Equal("FAILED", json.RootElement.GetProperty("status").GetString());
            var message = json.RootElement.GetProperty("message").GetString()!;
            Assert.StartsWith(reason, message, StringComparison.Ordinal);
            Assert.Equal($"A message was refused: {message}", (await gateway.EventsAsync(EventKinds.MessageRefused))[0].Message);
        }
    }

    [Fact]
    public async Task Random_bytes_never_make_an_error_of_the_gateway()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var random = new Random(20);
        foreach (var transport in new[] { DeviceTransport.CallHome, DeviceTransport.SmartTransport })
        {
            var client = gateway.Client(transport, new GatewayClientOptions { KeepAlive = true });
            var whole = client.Write(gateway.Product(SeedProducts.Cucmpub).DraftRegistration("NoSuchToken").Seal(), SeedProducts.Cucmpub);
            for (var i = 0; i < 60; i++)
            {
                var body = whole.ToArray();
                body[random.Next(body.Length)] = (byte)random.Next(256);
                var answer = await client.PostAsync(i % 3 == 0 ? body[..random.Next(body.Length)] : body, client.ContentType);
                Assert.InRange(answer.Http.Status, 200, 400);
            }
        }
    }

    [Fact]
    public async Task A_body_over_the_bound_gets_413_in_the_transports_own_form()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("max-body-bytes", "4096"));
        var body = new byte[5000];

        var callHome = await gateway.Client(DeviceTransport.CallHome).PostAsync(body, "text/xml");
        Assert.Equal((413, "The message is larger than this gateway accepts (max-body-bytes)."), (callHome.Http.Status, callHome.Fault));
        var smart = await gateway.Client().PostAsync(body, "application/json");
        Assert.Equal((413, """{"status":"FAILED","message":"The message is larger than this gateway accepts (max-body-bytes)."}"""), (smart.Http.Status, smart.Body));
    }

    [Fact]
    public async Task A_wrong_path_is_told_the_right_ones()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        foreach (var path in new string[]
        {
            "/Transportgateway/services/DeviceRequestHandle",
            "/",
            "/SmartTransport/more",
        })
        {
            using var http = Plain(gateway);

            using var answer = await http.PostAsync(new Uri(gateway.Address, path), new StringContent("<x/>"));

            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Contains(
                "Products register at /Transportgateway/services/DeviceRequestHandler (Call Home) or /SmartTransport (Smart Transport).",
                await answer.Content.ReadAsStringAsync(),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_browser_at_a_products_path_is_told_that_products_POST_here()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var http = Plain(gateway);
        foreach (var path in new string[]
        {
            "/Transportgateway/services/DeviceRequestHandler",
            "/SmartTransport",
        })
        {
            using var answer = await http.GetAsync(new Uri(gateway.Address, path));

            Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
            Assert.Equal("POST", Assert.Single(answer.Content.Headers.Allow));
            Assert.Contains("This path is right: products send their messages here with POST.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_path_in_another_case_is_served()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var client = new GatewayClient(new Uri(gateway.Address, "/transportGATEWAY/Services/devicerequesthandler"), DeviceTransport.CallHome, gateway.Anchors);
        using var product = new SimulatedProduct(new SimulatedProductOptions { Product = SeedProducts.Cucmpub, Gateway = client, Key = TestKeys.Pool.Next(), Clock = TimeProvider.System });

        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await gateway.CreateTokenAsync()));
    }

    [Fact]
    public async Task A_source_over_its_share_is_told_when_to_come_back()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("source-burst", "3"), ("source-rate", "1"));
        var client = gateway.Client(options: new GatewayClientOptions { KeepAlive = true });

        var answers = new List<WireAnswer>();
        while (answers.Count < 200 && answers.LastOrDefault()?.Http.Status != 503)
        {
            answers.Add(await client.PostAsync(Encoding.ASCII.GetBytes("{}"), "application/json"));
        }

        Assert.True(answers.Count > 3);
        Assert.Equal((503, TimeSpan.FromSeconds(5)), (answers[^1].Http.Status, answers[^1].Http.RetryAfter));
        Assert.Contains("This source sends more messages than it may (source-burst, source-rate). Try again in 5 seconds.", answers[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registration_beyond_the_line_is_told_to_try_again_and_then_succeeds_with_the_same_bytes()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("registrations-at-a-time", "1"), ("registrations-in-line", "0"));
        var product = gateway.Product(SeedProducts.Cucmpub);
        var message = product.DraftRegistration(await gateway.CreateTokenAsync(maxUses: 1)).Seal();

        using (await gateway.Gateway.Services.GetRequiredService<RegistrationGate>().EnterAsync(CancellationToken.None))
        {
            var busy = await gateway.Client().PostAsync(message);
            Assert.Equal((200, "OK_TRY_AGAIN"), (busy.Http.Status, busy.Status));
            Assert.Equal("The gateway is busy with other registrations. Try again in a minute.", busy.Message);
            Assert.Equal("OK_TRY_AGAIN", Assert.IsType<ProductResult.Refused>(await product.SendAsync(message)).Status);
        }

        Assert.Equal("OK", (await gateway.Client().PostAsync(message)).Status);
    }

    [Fact]
    public async Task Many_registrations_at_a_narrow_gate_are_served_or_told_to_try_again()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("registrations-at-a-time", "1"), ("registrations-in-line", "0"));
        var token = await gateway.CreateTokenAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(number =>
            gateway.Client().PostAsync(gateway.Product(SeedProducts.Prime($"gate-{number}")).DraftRegistration(token).Seal())));

        Assert.All(answers, answer => Assert.Equal(200, answer.Http.Status));
        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { "OK", "OK_TRY_AGAIN" }));
        Assert.Equal(answers.Count(answer => answer.Status == "OK"), (await gateway.InstancesAsync()).Count);
        Assert.NotEmpty(await gateway.InstancesAsync());
    }

    [Fact]
    public async Task Plain_HTTP_is_off_until_it_is_asked_for()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        Assert.DoesNotContain(gateway.Gateway.Addresses, address => address.StartsWith("http://", StringComparison.Ordinal) && !address.Contains("unix", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task Plain_HTTP_serves_products_when_it_is_on(DeviceTransport transport)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("listen-http", "127.0.0.1:0"));
        var address = gateway.Gateway.Addresses.Single(address => address.StartsWith("http://127", StringComparison.Ordinal));
        using var client = new GatewayClient(new Uri(address), transport, gateway.Anchors);
        using var product = new SimulatedProduct(new SimulatedProductOptions { Product = SeedProducts.Cucmpub, Gateway = client, Key = TestKeys.Pool.Next(), Clock = TimeProvider.System });

        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await gateway.CreateTokenAsync()));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
    }

    private static HttpClient Plain(TestGateway gateway) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new System.Net.Security.SslClientAuthenticationOptions { CertificateChainPolicy = Policy(gateway) },
    });

    private static System.Security.Cryptography.X509Certificates.X509ChainPolicy Policy(TestGateway gateway)
    {
        var policy = new System.Security.Cryptography.X509Certificates.X509ChainPolicy
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.Add(gateway.Gateway.Services.GetRequiredService<TransportGateway.Authority.CertificateAuthority>().Root);
        return policy;
    }
}

public sealed class HttpLevelOnSqlite : HttpLevelTests<SqliteEngine>;

public sealed class HttpLevelOnPostgreSql : HttpLevelTests<PostgreSqlEngine>;
