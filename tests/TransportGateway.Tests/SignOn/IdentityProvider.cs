using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TransportGateway.Tests.HostTls;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TransportGateway.Tests.SignOn;

/// <summary>A real OpenID Connect provider (OpenIddict) on loopback. Whoever comes is signed in as <see cref="Person"/>.</summary>
internal sealed class IdentityProvider : IAsyncDisposable
{
    public const string ClientId = "gateway";
    public const string ClientSecret = "gateway secret: with & signs";

    private static readonly RSA Key = RSA.Create(2048);

    private readonly SiteAuthority _authority = new(TimeProvider.System.GetUtcNow());
    private readonly WebApplication _app;
    private int _descriptions;

    private IdentityProvider()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = RSACertificateExtensions.CopyWithPrivateKey(_authority.Issue(SiteAuthority.ServerKey, ["127.0.0.1"]), SiteAuthority.ServerKey),
            ServerCertificateChain = [_authority.Issuing],
        })));
        builder.Services.AddAuthentication();
        builder.Services.AddOpenIddict().AddServer(Configure);
        _app = builder.Build();
        _app.Use((context, next) =>
        {
            if (context.Request.Path.StartsWithSegments("/.well-known/openid-configuration", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _descriptions);
                if (IsAway)
                {
                    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                    return Task.CompletedTask;
                }
            }

            return next(context);
        });
        _app.UseAuthentication();
    }

    /// <summary>How often it was asked to describe itself.</summary>
    public int Descriptions => Volatile.Read(ref _descriptions);

    /// <summary>Whether it does not describe itself.</summary>
    public bool IsAway { get; set; }

    /// <summary>What is waited for before a code is exchanged.</summary>
    public Func<Task> BeforeToken { get; set; } = () => Task.CompletedTask;

    /// <summary>The claims of whoever signs in; null sends the browser back without a code.</summary>
    public IReadOnlyList<(string Name, string Value)>? Person { get; set; } =
        [("sub", "4711"), ("preferred_username", "carol"), ("email", "carol@example.com"), ("family_name", "Example"), ("groups", "licensing"), ("groups", "staff")];

    /// <summary>Changes the ID token before it is signed, for tests of what must not be taken.</summary>
    public Action<SecurityTokenDescriptor>? Forge { get; set; }

    public string Issuer => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/";

    public string RootPem => _authority.RootPem;

    public static async Task<IdentityProvider> StartAsync()
    {
        var provider = new IdentityProvider();
        await provider._app.StartAsync();
        return provider;
    }

    /// <summary>From here on it signs with another key, which it shows to who asks.</summary>
    public void ChangeKey() => _app.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials.Insert(
        0, new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = "two" }, SecurityAlgorithms.RsaSha256));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _authority.Dispose();
    }

    private void Configure(OpenIddictServerBuilder server)
    {
        server.EnableDegradedMode();
        server.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token");
        server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
        server.RegisterScopes("profile", "email");
        server.AddSigningKey(new RsaSecurityKey(Key) { KeyId = "one" });
        server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
        server.UseAspNetCore();
        server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            if (context.ClientId != ClientId || context.RedirectUri?.EndsWith("/sign-in/callback", StringComparison.Ordinal) != true)
            {
                context.Reject("invalid_client");
            }

            return default;
        }));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(async context =>
        {
            await BeforeToken();
            if (context.ClientId != ClientId || context.ClientSecret != ClientSecret)
            {
                context.Reject("invalid_client");
            }
        }));
        server.AddEventHandler<HandleAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
        {
            if (Person is null)
            {
                context.Reject("access_denied");
                return default;
            }

            var identity = new ClaimsIdentity("test");
            identity.AddClaims(Person.Select(claim => new Claim(claim.Name, claim.Value).SetDestinations("id_token")));
            context.SignIn(new ClaimsPrincipal(identity).SetScopes(context.Request.GetScopes()));
            return default;
        }));
        server.AddEventHandler<ApplyTokenResponseContext>(handler => handler.UseInlineHandler(context =>
        {
            if (Forge is not null && context.Response.IdToken is { } genuine)
            {
                var token = new JsonWebToken(genuine);
                var descriptor = new SecurityTokenDescriptor
                {
                    Issuer = token.Issuer,
                    Audience = ClientId,
                    Subject = new ClaimsIdentity(token.Claims.Where(claim => claim.Type is not ("iss" or "aud" or "exp" or "iat" or "nbf"))),
                    Expires = token.ValidTo,
                    IssuedAt = token.IssuedAt,
                    NotBefore = token.IssuedAt,
                    SigningCredentials = new SigningCredentials(new RsaSecurityKey(Key) { KeyId = "one" }, SecurityAlgorithms.RsaSha256),
                };
                Forge(descriptor);
                context.Response.IdToken = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
            }

            return default;
        }).SetOrder(int.MinValue));
    }
}
