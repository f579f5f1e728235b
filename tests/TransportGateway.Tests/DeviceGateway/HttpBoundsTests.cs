using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What a connection may cost in bytes and time, what it is told, and what the log says of it.</summary>
public sealed class HttpBoundsTests
{
    private const string TooSlow = "The body did not arrive within 1 seconds (request-seconds).";

    private static readonly (string, string)[] Impatient = [("request-seconds", "1"), ("listen-http", "127.0.0.1:0")];

    [Fact]
    public async Task Headers_beyond_all_bounds_are_refused()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, Impatient);
        using var connection = await RawConnection.PlainAsync(gateway);

        await connection.SayAsync($"POST /SmartTransport HTTP/1.1\r\nHost: x\r\nX-Long: {new string('x', 17 * 1024)}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 431 ", await connection.ListenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_that_do_not_end_end_the_connection()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, Impatient);
        using var connection = await RawConnection.PlainAsync(gateway);

        await connection.SayAsync("POST /SmartTransport HTTP/1.1\r\nHost: x\r\n");

        Assert.StartsWith("HTTP/1.1 408 ", await connection.ListenAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/Transportgateway/services/DeviceRequestHandler", "call-home", "<soap-env:Text xml:lang=\"en\">" + TooSlow)]
    [InlineData("/SmartTransport", "smart-transport", "{\"status\":\"FAILED\",\"message\":\"" + TooSlow)]
    public async Task A_message_that_does_not_come_to_an_end_is_refused_in_the_form_of_its_transport(string path, string transport, string answer)
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, Impatient);
        using var connection = await RawConnection.PlainAsync(gateway);

        await connection.SayAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{");

        var heard = await connection.ListenAsync();
        Assert.StartsWith("HTTP/1.1 408 ", heard, StringComparison.Ordinal);
        Assert.Contains(answer, heard, StringComparison.Ordinal);
        Assert.Matches($@"Information: {transport} 127\.0\.0\.1 - - UNREADABLE \({Regex.Escape(TooSlow)}\) in \d+\.\d ms", Lines(gateway));
    }

    [Fact]
    public async Task A_message_in_broken_chunks_did_not_arrive_whole()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-http", "127.0.0.1:0"));
        using var connection = await RawConnection.PlainAsync(gateway);

        await connection.SayAsync("POST /SmartTransport HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n");

        var heard = await connection.ListenAsync();
        Assert.StartsWith("HTTP/1.1 400 ", heard, StringComparison.Ordinal);
        Assert.Contains("{\"status\":\"FAILED\",\"message\":\"The message did not arrive whole.\"}", heard, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/api/v2/accounts", "The API is not served over plain HTTP. Use https.")]
    [InlineData("POST", "/oauth/token", "Secrets are not taken over plain HTTP. Use https.")]
    public async Task What_needs_a_secret_is_not_served_over_plain_HTTP(string method, string path, string sentence)
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-http", "127.0.0.1:0"));
        using var http = new HttpClient { BaseAddress = new Uri(gateway.Gateway.Addresses.Single(address => address.StartsWith("http://127", StringComparison.Ordinal))) };

        using var answer = await http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains(sentence, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_whose_sender_went_away_is_a_line_in_the_log()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-http", "127.0.0.1:0"));
        using (var connection = await RawConnection.PlainAsync(gateway))
        {
            await connection.SayAsync("POST /SmartTransport HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{");
        }

        await Wait.UntilAsync(() => Lines(gateway).Contains("smart-transport 127.0.0.1 - - UNREADABLE (", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_request_of_a_product_is_one_line_with_outcome_and_duration()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("max-body-bytes", "20000"), ("source-burst", "7"), ("source-rate", "1"));
        var product = gateway.Product(SeedProducts.Cucmpub, DeviceTransport.CallHome);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await gateway.CreateTokenAsync()));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        await gateway.Client().PostAsync(product.DraftPoll(7).Seal());
        foreach (var (path, expected) in new[] { ("SmartTransport", "max-body-bytes"), ("Transportgateway/services/DeviceRequestHandler", "soap-env:Sender") })
        {
            using var connection = await RawConnection.TlsAsync(gateway);
            await connection.SayAsync($"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000\r\n\r\n");
            var large = await connection.ListenAsync();
            Assert.StartsWith("HTTP/1.1 413 ", large, StringComparison.Ordinal);
            Assert.Contains(expected, large, StringComparison.Ordinal);
        }

        Assert.Equal(400, (await gateway.Client().PostAsync("{}"u8.ToArray(), "application/json")).Http.Status);
        WireAnswer answer;
        do
        {
            answer = await gateway.Client(DeviceTransport.CallHome).PostAsync("<x/>"u8.ToArray(), "text/xml");
        }
        while (answer.Http.Status != 503);

        Assert.Equal("soap-env:Receiver", answer.FaultCode);
        Assert.Equal("This source sends more messages than it may (source-burst, source-rate). Try again in 5 seconds.", answer.Fault);
        var id = product.State.ProductInstanceIdentifier;
        foreach (var line in new[]
        {
            $@"call-home 127\.0\.0\.1 REGISTRATION {SeedProducts.Cucmpub.Sudi.UdiSerialNumber} OK \(registered\)",
            $@"call-home 127\.0\.0\.1 AUTHORIZATION {id} OK \(OUT_OF_COMPLIANCE\)",
            $@"smart-transport 127\.0\.0\.1 POLL {id} FAILED \(nothing to poll for\)",
            @"smart-transport 127\.0\.0\.1 - - UNREADABLE \(The message is larger than this gateway accepts \(max-body-bytes\)\.\)",
            @"smart-transport 127\.0\.0\.1 - - UNREADABLE \(The envelope is not usable: .*\)",
            @"call-home 127\.0\.0\.1 - - TOO_MANY \(more messages than this source may send\)",
        })
        {
            Assert.Single(Regex.Matches(Lines(gateway), $@"Information: {line} in \d+\.\d ms", RegexOptions.None, TimeSpan.FromSeconds(10)));
        }
    }

    [Fact]
    public async Task An_error_of_the_gateway_itself_is_a_SOAP_fault_on_Call_Home()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await gateway.ExecuteAsync("UPDATE id_certificates SET public_key = @Broken", new { Broken = new byte[] { 1 } });

        var answer = await gateway.Client(DeviceTransport.CallHome).PostAsync(product.DraftAuthorization().Seal());

        Assert.Equal((500, "soap-env:Receiver", "The gateway failed to answer this message. Its log says why."), (answer.Http.Status, answer.FaultCode, answer.Fault));
        Assert.Contains("Information: call-home 127.0.0.1 - - NOT_SERVED (The gateway failed to answer this message.", Lines(gateway), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_a_hundred_megabytes_is_refused_by_the_API_with_a_sentence()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        using var http = await gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        foreach (var path in new[] { "/oauth/token", "/api/v1/accounts/Example%20Account/virtual-accounts/Default/tokens", "/api/v2/accounts" })
        {
            using var content = new ByteArrayContent(new byte[100_000_000]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content, Headers = { ExpectContinue = true } };

            using var answer = await http.SendAsync(request);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
            Assert.Matches("is larger than the gateway takes|Request body too large", await answer.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("/oauth/token", "application/json", 408, "request-seconds")]
    [InlineData("/api/v1/accounts/Example%20Account/virtual-accounts/Default/tokens", "application/json", 408, "request-seconds")]
    [InlineData("/api/v2/accounts", "application/json", 408, "request-seconds")]
    [InlineData("/sign-in", "application/x-www-form-urlencoded", 413, "it is too long, came too slowly, or is not well-formed")]
    public async Task A_body_that_does_not_come_to_an_end_is_refused_by_API_and_pages(string path, string type, int status, string sentence)
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, Impatient);
        using var http = await gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using var connection = await RawConnection.TlsAsync(gateway);

        await connection.SayAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {http.DefaultRequestHeaders.Authorization}\r\nContent-Type: {type}\r\nContent-Length: 1000\r\n\r\n{{");

        var heard = await connection.ListenAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", heard, StringComparison.Ordinal);
        Assert.Contains(sentence, heard, StringComparison.Ordinal);
    }

    private static string Lines(TestGateway gateway) => string.Join('\n', gateway.Log.Lines);
}
