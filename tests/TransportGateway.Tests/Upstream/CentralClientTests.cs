using System.Security.Cryptography.X509Certificates;
using TransportGateway.Persistence;
using TransportGateway.Tests.Simulators;
using TransportGateway.Upstream;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Settings;

namespace TransportGateway.Tests.Upstream;

/// <summary>The public calls of Software Central (token, account search) against a stub that does one thing wrong at a time.</summary>
public sealed class CentralClientTests : IDisposable
{
    private const string Token = """{"access_token":"first","token_type":"Bearer","expires_in":3600}""";
    private const string Accounts = """{"accounts":[{"domain":"Example.com","virtual_accounts":[{"name":"Default"},{"name":"Branch"}]}]}""";

    private static readonly CentralTiming Quick = new()
    {
        Try = TimeSpan.FromSeconds(30),
        Call = TimeSpan.FromSeconds(120),
        Retries = 2,
        FirstDelay = TimeSpan.FromMilliseconds(5),
        MostDelay = TimeSpan.FromMilliseconds(20),
        MostWait = TimeSpan.FromMilliseconds(20),
    };

    private readonly WireMockServer _central;
    private readonly CentralClient _client;

    public CentralClientTests()
    {
        _central = WireMockServer.Start(new WireMockServerSettings
        {
            Urls = ["https://127.0.0.1:0"],
            CertificateSettings = new WireMockCertificateSettings { X509Certificate = FakeAuthority.Trusted.Host },
        });
        _client = Client(FakeAuthority.Trusted.SubCa);
        Answer("/as/token.oauth2", Response.Create().WithBody(Token));
        Answer(CentralClient.AccountSearchPath, Response.Create().WithBody(Accounts));
    }

    public void Dispose()
    {
        _client.Dispose();
        _central.Dispose();
    }

    [Fact]
    public async Task It_signs_in_with_client_credentials_and_searches_with_the_token()
    {
        Assert.Equal(["Default", "Branch"], await SearchAsync());

        var (signIn, search) = (_central.LogEntries[0].RequestMessage!, _central.LogEntries[1].RequestMessage!);
        Assert.Equal(("POST", "grant_type=client_credentials&client_id=gateway&client_secret=s%26cret"), (signIn.Method, signIn.Body));
        Assert.Equal(("GET", "Bearer first", "example.com"), (search.Method, search.Headers!["Authorization"].Single(), search.Query!["name"].Single()));
        await SearchAsync();
        Assert.Equal(1, Asked("/as/token.oauth2"));
    }

    [Fact]
    public async Task A_token_that_ended_before_its_time_is_replaced_once()
    {
        AnswerInTurn(CentralClient.AccountSearchPath, Response.Create().WithStatusCode(401), Response.Create().WithBody(Accounts));

        Assert.Equal(["Default", "Branch"], await SearchAsync());

        Assert.Equal((2, 2), (Asked("/as/token.oauth2"), Asked(CentralClient.AccountSearchPath)));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(408)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_status_that_passes_is_tried_again(int status)
    {
        AnswerInTurn(CentralClient.AccountSearchPath, Response.Create().WithStatusCode(status).WithHeader("Retry-After", "1"), Response.Create().WithBody(Accounts));

        Assert.Equal(["Default", "Branch"], await SearchAsync());
    }

    [Theory]
    [InlineData(429, "answered HTTP 429 again and again")]
    [InlineData(500, "answered HTTP 500 again and again")]
    public async Task A_status_that_stays_is_told_after_a_bounded_number_of_tries(int status, string cause)
    {
        Answer(CentralClient.AccountSearchPath, Response.Create().WithStatusCode(status).WithHeader("Retry-After", "3600"));

        Assert.Contains(cause, (await Assert.ThrowsAsync<CentralUnavailableException>(SearchAsync)).Message, StringComparison.Ordinal);

        Assert.Equal(Quick.Retries + 1, Asked(CentralClient.AccountSearchPath));
    }

    [Fact]
    public async Task A_refusal_carries_its_sentence_and_is_not_tried_again()
    {
        Answer(CentralClient.AccountSearchPath, Response.Create().WithStatusCode(403).WithBody("""{"code":"NOT_ALLOWED","message":"This client may not search."}"""));

        var refused = await Assert.ThrowsAsync<CentralRefusedException>(SearchAsync);

        Assert.Equal(("NOT_ALLOWED", "This client may not search."), (refused.Code, refused.Message));
        Assert.Equal(1, Asked(CentralClient.AccountSearchPath));
    }

    [Fact]
    public async Task A_secret_that_is_not_accepted_is_told_without_showing_it()
    {
        Answer("/as/token.oauth2", Response.Create().WithStatusCode(400).WithBody("""{"error":"invalid_client"}"""));

        var failed = await Assert.ThrowsAsync<CentralUnavailableException>(SearchAsync);

        Assert.Contains("does not accept the client id and secret of this gateway (HTTP 400", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s&cret", failed.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/as/token.oauth2", "<html>Please sign in</html>")]
    [InlineData("/as/token.oauth2", "{}")]
    [InlineData("/as/token.oauth2", "null")]
    [InlineData(CentralClient.AccountSearchPath, "<html>Please sign in</html>")]
    [InlineData(CentralClient.AccountSearchPath, "[1, 2")]
    [InlineData(CentralClient.AccountSearchPath, "null")]
    public async Task Rubbish_in_a_good_status_is_told_as_such(string path, string body)
    {
        Answer(path, Response.Create().WithBody(body));

        Assert.Contains("something that is not what this call answers", (await Assert.ThrowsAsync<CentralUnavailableException>(SearchAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_with_the_token_in_hand()
    {
        Answer(CentralClient.AccountSearchPath, Response.Create().WithStatusCode(302).WithHeader("Location", _central.Urls[0] + "/elsewhere"));

        await Assert.ThrowsAsync<CentralRefusedException>(SearchAsync);

        Assert.Equal(0, Asked("/elsewhere"));
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_waited_for_a_bounded_time()
    {
        using var impatient = Client(FakeAuthority.Trusted.SubCa, Quick with { Try = TimeSpan.FromMilliseconds(100) });
        Answer(CentralClient.AccountSearchPath, Response.Create().WithBody(Accounts).WithDelay(TimeSpan.FromSeconds(5)));

        Assert.Equal(
            "Software Central did not answer in time.",
            (await Assert.ThrowsAsync<CentralUnavailableException>(() => impatient.FindVirtualAccountsAsync("example.com", CancellationToken.None))).Message);
    }

    [Fact]
    public async Task Nothing_is_said_to_a_server_whose_certificate_does_not_verify()
    {
        using var client = Client(FakeAuthority.Foreign.SubCa);

        Assert.Contains(
            "TLS certificate of Software Central does not verify",
            (await Assert.ThrowsAsync<CentralUnavailableException>(() => client.FindVirtualAccountsAsync("example.com", CancellationToken.None))).Message,
            StringComparison.Ordinal);
        Assert.Empty(_central.LogEntries);
    }

    private Task<IReadOnlyList<string>?> SearchAsync() => _client.FindVirtualAccountsAsync("example.com", CancellationToken.None);

    /// <remarks>The stub sends its certificate alone, so the client is given the issuer, too.</remarks>
    private CentralClient Client(X509Certificate2 issuer, CentralTiming? timing = null)
    {
        var address = new Uri(_central.Urls[0].Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        var root = issuer == FakeAuthority.Trusted.SubCa ? FakeAuthority.Trusted.Root : FakeAuthority.Foreign.Root;
        return new CentralClient(
            new CentralSettings
            {
                Address = address,
                TokenAddress = new Uri(address, "/as/token.oauth2"),
                ClientId = "gateway",
                ClientSecret = new Secret("s&cret"),
                Route = new UpstreamRoute { TlsAnchors = issuer.ExportCertificatePem() + "\n" + root.ExportCertificatePem() },
            },
            timing ?? Quick);
    }

    private void Answer(string path, IResponseBuilder response) => _central.Given(Request.Create().WithPath(path)).AtPriority(-_central.Mappings.Count).RespondWith(response);

    private void AnswerInTurn(string path, params IResponseBuilder[] responses)
    {
        for (var i = 0; i < responses.Length; i++)
        {
            var mapping = _central.Given(Request.Create().WithPath(path)).AtPriority(-100).InScenario(path);
            mapping = i == 0 ? mapping : mapping.WhenStateIs($"{i}");
            (i == responses.Length - 1 ? mapping : mapping.WillSetStateTo($"{i + 1}")).RespondWith(responses[i]);
        }
    }

    private int Asked(string path) => _central.LogEntries.Count(entry => entry.RequestMessage!.Path == path);
}
