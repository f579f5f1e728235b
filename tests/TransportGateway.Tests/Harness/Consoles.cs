using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Cli;

namespace TransportGateway.Tests.Harness;

/// <summary>The faces that administrators use: the console on the gateway's own machine, and REST with certain rights.</summary>
internal static class Consoles
{
    public static async Task<(int Code, string Output, string Errors)> TgctlAsync(string dataDirectory, params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        // Nobody answers a question.
        using var input = new StringReader("");
        return (await Tgctl.RunAsync([.. arguments, "--data-directory", dataDirectory], output, errors, input), output.ToString(), errors.ToString());
    }

    /// <summary>What a command that does its work prints.</summary>
    public static async Task<string> TgctlDoneAsync(string dataDirectory, params string[] arguments)
    {
        var (code, output, errors) = await TgctlAsync(dataDirectory, arguments);
        Assert.True(code == 0, errors);
        return output;
    }

    /// <summary>The sentence of a command that is refused.</summary>
    public static async Task<string> TgctlRefusedAsync(string dataDirectory, params string[] arguments)
    {
        var (code, _, errors) = await TgctlAsync(dataDirectory, arguments);
        Assert.Equal(1, code);
        return errors;
    }

    public static Task<string> TgctlDoneAsync(this TestGateway gateway, params string[] arguments) => TgctlDoneAsync(gateway.Gateway.Directory.Path, arguments);

    public static Task<string> TgctlRefusedAsync(this TestGateway gateway, params string[] arguments) => TgctlRefusedAsync(gateway.Gateway.Directory.Path, arguments);

    /// <param name="accountId">Null for a client of all accounts.</param>
    public static async Task<HttpClient> RestClientAsync(this TestGateway gateway, string? accountId, params Permission[] permissions)
    {
        var services = gateway.Gateway.Services;
        var client = Assert.IsType<CreateApiClient.Outcome.Created>(await services.GetRequiredService<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(gateway.Administrator, "test", accountId, permissions), CancellationToken.None));
        var token = Assert.IsType<IssueAccessToken.Outcome.Issued>(await services.GetRequiredService<IssueAccessToken>().ExecuteAsync(
            new IssueAccessToken.Request(client.ClientId, client.ClientSecret, User: null, "a test"), CancellationToken.None));
        var http = gateway.Http();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.AccessToken.Value);
        return http;
    }
}
