using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Harness;

/// <summary>Users of a gateway under test, and ways in for them.</summary>
internal static class People
{
    /// <summary>Meets the rules that a new gateway has.</summary>
    public static readonly Secret Password = new("Correct-Horse-7");

    /// <summary>A user whose password is <see cref="Password"/> and need not be changed.</summary>
    public static async Task<UserRow> UserAsync(this TestGateway gateway, string name, string systemRole)
    {
        var outcome = await gateway.Gateway.Services.GetRequiredService<CreateUser>().ExecuteAsync(
            new CreateUser.Request(gateway.Administrator, name, systemRole, Password, PasswordMustChange: false), CancellationToken.None);
        return Assert.IsType<CreateUser.Outcome.Created>(outcome).User;
    }

    /// <summary>A client like a browser's, whose cookies are the test's.</summary>
    public static HttpClient HttpClient(this TestGateway gateway, bool followRedirects = false) =>
        gateway.Http(new SocketsHttpHandler { AllowAutoRedirect = followRedirects, UseCookies = false });

    /// <summary>A REST client that speaks for the user, through a program that may do everything.</summary>
    public static async Task<HttpClient> RestClientOfAsync(this TestGateway gateway, UserRow user, Secret? password = null)
    {
        var services = gateway.Gateway.Services;
        var program = Assert.IsType<CreateApiClient.Outcome.Created>(await services.GetRequiredService<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(gateway.Administrator, "for " + user.Name, AccountId: null, Enum.GetValues<Permission>()), CancellationToken.None));
        var token = Assert.IsType<IssueAccessToken.Outcome.Issued>(await services.GetRequiredService<IssueAccessToken>().ExecuteAsync(
            new IssueAccessToken.Request(program.ClientId, program.ClientSecret, new IssueAccessToken.UserPassword(user.Name, password ?? Password, ""), "a test"), CancellationToken.None));
        var client = gateway.HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.AccessToken.Value);
        return client;
    }
}
