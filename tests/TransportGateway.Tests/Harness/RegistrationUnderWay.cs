using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Tests.Harness;

/// <summary>A registration that a test holds open between its steps.</summary>
internal sealed class RegistrationUnderWay
{
    private readonly RegisterInstance.Request _request;
    private readonly RegisterInstance.Prepared _prepared;

    private RegistrationUnderWay(RegisterInstance.Request request, RegisterInstance.Prepared prepared)
    {
        _request = request;
        _prepared = prepared;
    }

    public static async Task<RegistrationUnderWay> PrepareAsync(TestGateway gateway, string token, string hostName = "late-comer")
    {
        using var key = RSA.Create(2048);
        var request = new RegisterInstance.Request(
            token,
            Force: false,
            new PublicKey(key),
            new RegisterInstance.InstanceFacts(
                $"PID:UCM SN:{hostName}", "UCM", hostName, null, null, null, null, null, hostName, "regid.2019-05.com.cisco.UCM,12.5_a", "UC Manager", null),
            [],
            "a test",
            TimeProvider.System.GetUtcNow());
        return new RegistrationUnderWay(request, await gateway.Gateway.Services.GetRequiredService<RegisterInstance>().PrepareAsync(request, CancellationToken.None));
    }

    public Task<RegisterInstance.Outcome> ExecuteAsync(DbSession session) => RegisterInstance.ExecuteAsync(session, _request, _prepared, CancellationToken.None);
}
