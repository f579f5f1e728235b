using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.SignOn;

/// <summary>Signs a person in at an OpenID Connect provider: authorisation code with PKCE, and an ID token whose signature, issuer, audience, time and nonce are checked.</summary>
internal sealed class OpenIdProvider(TimeProvider clock)
{
    /// <summary>How long a person may take at the provider.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private const string TicketPurpose = "identity-provider-ticket";
    private const int MostBytes = 1024 * 1024;
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(2);

    private readonly ProviderDescription _description = new(clock);

    // Keys with which anybody could sign (HS256 with the client's secret, none) are not among them.
    private static readonly string[] Algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>What the browser keeps while the person is at the provider, sealed: the other node can go on with it.</summary>
    /// <param name="Next">Where the person wanted to go.</param>
    public sealed record Ticket(string State, string Nonce, string Verifier, string Next, DateTimeOffset ExpiresAt)
    {
        public string Seal(MasterKey masterKey) => masterKey.SealText(TicketPurpose, new Secret(JsonSerializer.Serialize(this)));

        /// <returns>Null when this gateway did not make it.</returns>
        public static Ticket? Open(MasterKey masterKey, string text)
        {
            try
            {
                return JsonSerializer.Deserialize<Ticket>(masterKey.OpenText(TicketPurpose, text).Value);
            }
            catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
            {
                return null;
            }
        }
    }

    /// <summary>Where to send the browser.</summary>
    /// <exception cref="ProviderException">The provider does not answer, or not as one does.</exception>
    public async Task<(Uri Address, Ticket Ticket)> BeginAsync(ProviderSettings settings, Uri callback, string next, CancellationToken cancellationToken)
    {
        var configuration = await _description.GetAsync(settings, cancellationToken);
        var ticket = new Ticket(Credentials.NewSecret(), Credentials.NewSecret(), Credentials.NewSecret(), next, clock.GetUtcNow() + Patience);
        var address = QueryHelpers.AddQueryString(
            configuration.AuthorizationEndpoint,
            new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["response_type"] = "code",
                ["client_id"] = settings.ClientId,
                ["redirect_uri"] = callback.AbsoluteUri,
                ["scope"] = settings.Scopes,
                ["state"] = ticket.State,
                ["nonce"] = ticket.Nonce,
                ["code_challenge"] = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(ticket.Verifier))),
                ["code_challenge_method"] = "S256",
            });
        return (new Uri(address), ticket);
    }

    /// <summary>Exchanges the code that the browser brought for what the provider says of the person.</summary>
    /// <exception cref="ProviderException">The code or the token will not do, or the provider does not answer.</exception>
    public async Task<ExternalPerson> CompleteAsync(ProviderSettings settings, Uri callback, string code, Ticket ticket, CancellationToken cancellationToken)
    {
        var configuration = await _description.GetAsync(settings, cancellationToken);
        var token = await ExchangeAsync(settings, configuration, callback, code, ticket, cancellationToken);
        var result = await ValidateAsync(settings, configuration, token);
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
        {
            configuration = await _description.GetWithNewKeysAsync(settings, cancellationToken);
            result = await ValidateAsync(settings, configuration, token);
        }

        if (!result.IsValid)
        {
            throw new ProviderException("Its ID token is not valid: " + (result.Exception is SecurityTokenException known ? known.GetType().Name : "it cannot be read") + ".");
        }

        var claims = (JsonWebToken)result.SecurityToken;
        if (Claim(claims, "nonce") != ticket.Nonce || Claim(claims, "sub") is not { Length: > 0 and <= 255 } subject)
        {
            throw new ProviderException("Its ID token belongs to another sign-in, or names nobody.");
        }

        if (claims.Audiences.Skip(1).Any() && Claim(claims, "azp") != settings.ClientId)
        {
            throw new ProviderException("Its ID token was made for another client.");
        }

        return new ExternalPerson(
            UserOrigin.OpenId,
            $"{configuration.Issuer} {subject}",
            Claim(claims, settings.NameClaim) ?? "",
            Claim(claims, "email") ?? "",
            Claim(claims, "given_name") ?? "",
            Claim(claims, "family_name") ?? "",
            [.. claims.Claims.Where(claim => claim.Type == settings.GroupsClaim).Select(claim => claim.Value)]);
    }

    /// <summary>Reads the provider's description of itself anew, as a test of the settings wants it.</summary>
    /// <exception cref="ProviderException">The provider does not answer, or not as one does.</exception>
    public static async Task<OpenIdConnectConfiguration> DescribeAsync(ProviderSettings settings, CancellationToken cancellationToken)
    {
        using var http = Client(settings);
        var issuer = settings.Issuer!.OriginalString;
        OpenIdConnectConfiguration configuration;
        try
        {
            configuration = await OpenIdConnectConfigurationRetriever.GetAsync(
                issuer.TrimEnd('/') + "/.well-known/openid-configuration", new HttpDocumentRetriever(http) { RequireHttps = true }, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is IOException or HttpRequestException or ArgumentException or InvalidOperationException or JsonException or OperationCanceledException)
        {
            throw new ProviderException($"{issuer} does not describe itself: {(exception.InnerException ?? exception).Message}");
        }

        // RFC 8414, 3.3: one that answers for another issuer is not the one that was asked.
        if (configuration.Issuer?.TrimEnd('/') != issuer.TrimEnd('/'))
        {
            throw new ProviderException($"{issuer} calls itself '{configuration.Issuer}'. Set the issuer exactly as the provider writes it.");
        }

        if (!IsHttps(configuration.AuthorizationEndpoint) || !IsHttps(configuration.TokenEndpoint))
        {
            throw new ProviderException($"{issuer} names no https addresses for authorisation and tokens.");
        }

        return configuration;
    }

    private Task<TokenValidationResult> ValidateAsync(ProviderSettings settings, OpenIdConnectConfiguration configuration, string token)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(
            token,
            new TokenValidationParameters
            {
                ValidIssuer = configuration.Issuer,
                ValidAudience = settings.ClientId,
                IssuerSigningKeys = configuration.SigningKeys,
                ValidAlgorithms = Algorithms,
                RequireSignedTokens = true,
                // The skew goes to the clock's side: a token without a beginning can have the earliest instant there is.
                LifetimeValidator = (from, until, _, _) => until > now - Skew && (from is null || from < now + Skew),
            });
    }

    private static async Task<string> ExchangeAsync(
        ProviderSettings settings, OpenIdConnectConfiguration configuration, Uri callback, string code, Ticket ticket, CancellationToken cancellationToken)
    {
        using var http = Client(settings);
        using var request = new HttpRequestMessage(HttpMethod.Post, configuration.TokenEndpoint)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["grant_type"] = "authorization_code",
                ["code"] = code,
                ["redirect_uri"] = callback.AbsoluteUri,
                ["code_verifier"] = ticket.Verifier,
            }),
        };
        // RFC 6749, 2.3.1: both are form-encoded first.
        var credentials = $"{Uri.EscapeDataString(settings.ClientId)}:{Uri.EscapeDataString(settings.ClientSecret.Value)}";
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            using var json = JsonDocument.Parse(text);
            if (answer.IsSuccessStatusCode && json.RootElement.TryGetProperty("id_token", out var token) && token.GetString() is { } found)
            {
                return found;
            }

            throw new ProviderException($"It gave no ID token for the code ({(int)answer.StatusCode}{(json.RootElement.TryGetProperty("error", out var error) ? " " + Plain(error.ToString()) : "")}). Check clientId and clientSecret.");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is HttpRequestException or JsonException or InvalidOperationException or OperationCanceledException)
        {
            throw new ProviderException("Its token address gave no answer that can be read: " + exception.Message);
        }
    }

    private static HttpClient Client(ProviderSettings settings) => new(settings.Route.CreateHandler()) { Timeout = TimeSpan.FromSeconds(15), MaxResponseContentBufferSize = MostBytes };

    private static bool IsHttps(string? address) => Uri.TryCreate(address, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttps;

    private static string? Claim(JsonWebToken token, string name) => token.TryGetPayloadValue<string>(name, out var value) ? value : null;

    private static string Plain(string text) => new([.. text.Where(letter => letter is >= ' ' and <= '~').Take(60)]);
}

/// <summary>The provider did not sign the person in; the message says why.</summary>
internal sealed class ProviderException(string message) : Exception(message);
