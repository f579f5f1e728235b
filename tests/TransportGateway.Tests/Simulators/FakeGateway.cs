using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

/// <summary>
/// As much of a gateway as a product needs: answers on a real TLS socket the way the wire format says, or the way a test wants it
/// to go wrong. It judges nothing but signatures, so a test sees exactly what the product sent.
/// </summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private readonly WebApplication host;
    private readonly TimeProvider clock;
    private readonly ConcurrentDictionary<string, PublicKey[]> registered = new(StringComparer.Ordinal);
    private int answersToLose;
    private int serversBusy;

    private FakeGateway(WebApplication host, TimeProvider clock)
    {
        this.host = host;
        this.clock = clock;
    }

    public FakeAuthority Authority { get; } = FakeAuthority.Trusted;

    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    /// <summary>The bodies of the answers given so far.</summary>
    public ConcurrentQueue<byte[]> Answers { get; } = new();

    /// <summary>Connections accepted so far.</summary>
    public ConcurrentDictionary<string, bool> Connections { get; } = new(StringComparer.Ordinal);

    /// <summary>Changes the third level of answers before it becomes a text.</summary>
    public Action<JsonObject>? EditData { get; set; }

    /// <summary>Changes the answer (header, status ...) before it is signed.</summary>
    public Action<JsonObject>? EditResponse { get; set; }

    /// <summary>Changes the signed answer, so that the signature no longer fits.</summary>
    public Func<string, string>? EditSignedText { get; set; }

    /// <summary>Changes what goes out as the licensing text.</summary>
    public Func<string, string>? EditEnvelope { get; set; }

    /// <summary>The certificate that signs, when it is not the one delivered.</summary>
    public X509Certificate2? SignWith { get; set; }

    /// <summary>Refuses the request with these words instead of answering it.</summary>
    public (string Status, string Message)? Refusal { get; set; }

    /// <summary>Gives another HTTP answer altogether.</summary>
    public Func<HttpContext, Task>? InsteadOfAnswer { get; set; }

    public Uri Address(DeviceTransport transport) => new(
        new Uri(host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()),
        transport == DeviceTransport.CallHome ? GatewayClient.CallHomePath : GatewayClient.SmartTransportPath);

    public static async Task<FakeGateway> StartAsync(TimeProvider? clock = null, X509Certificate2? hostCertificate = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        var intermediates = new X509Certificate2Collection(FakeAuthority.Trusted.SubCa);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = hostCertificate ?? FakeAuthority.Trusted.Host,
                ServerCertificateChain = intermediates,
            });
        }));
        var app = builder.Build();
        var gateway = new FakeGateway(app, clock ?? TimeProvider.System);
        app.Run(gateway.AnswerAsync);
        await app.StartAsync();
        return gateway;
    }

    public GatewayClient Client(DeviceTransport transport = DeviceTransport.SmartTransport, GatewayClientOptions? options = null) =>
        new(Address(transport), transport, new TrustAnchors(Authority.Root), options);

    /// <summary>Hangs up on everybody.</summary>
    public bool Down { get; set; }

    /// <summary>Acts on the next requests and closes the connection without an answer.</summary>
    public void LoseAnswers(int count) => answersToLose = count;

    /// <summary>Answers the next requests with 503.</summary>
    public void BeBusy(int count) => serversBusy = count;

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Connections[context.Connection.Id] = true;
        if (Down)
        {
            context.Abort();
            return;
        }

        if (HttpMethods.IsGet(context.Request.Method))
        {
            // As somebody who only looks whether a server is there.
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = new FakeRequest(body.ToArray(), context.Request.ContentType);
        Requests.Enqueue(request);
        if (InsteadOfAnswer is { } instead)
        {
            await instead(context);
            return;
        }

        if (Interlocked.Decrement(ref serversBusy) >= 0)
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "3600";
            return;
        }

        var answer = Answer(request);
        if (Interlocked.Decrement(ref answersToLose) >= 0)
        {
            context.Abort();
            return;
        }

        context.Response.ContentType = request.IsCallHome ? "text/xml; charset=utf-8" : "application/json";
        var bytes = Encoding.UTF8.GetBytes(request.IsCallHome ? Wrap(answer) : answer);
        Answers.Enqueue(bytes);
        await context.Response.Body.WriteAsync(bytes);
    }

    private string Answer(FakeRequest request)
    {
        var now = clock.GetUtcNow();
        var instance = (string?)request.Header["product_instance_identifier"];
        JsonObject data = [];
        if (Refusal is null)
        {
            instance ??= Guid.CreateVersion7(now).ToString();
            data = Data(request, instance, now);
            EditData?.Invoke(data);
        }

        var signer = SignWith ?? Authority.Signer;
        var response = new JsonObject
        {
            ["header"] = new JsonObject
            {
                ["version"] = (string?)request.Header["version"],
                ["locale"] = "en_US.UTF-8",
                ["timestamp"] = now.ToUnixTimeMilliseconds(),
                ["nonce"] = request.Nonce,
                ["request_type"] = request.RequestType,
                ["product_instance_identifier"] = instance,
                ["signing_cert_serial_number"] = FakeAuthority.Serial(signer),
                ["vendor"] = "Cisco",
                ["connect_info"] = new JsonObject
                {
                    ["name"] = "SSM",
                    ["version"] = "1.3",
                    ["additional"] = "",
                    ["prod"] = false,
                    ["capabilities"] = new JsonArray(),
                },
                ["agent_actions"] = null,
            },
            ["status"] = Refusal?.Status ?? "OK",
            ["message_code"] = null,
            ["message"] = Refusal?.Message,
            ["nonce"] = request.Nonce,
            ["response_data"] = data.ToJsonString(),
        };
        EditResponse?.Invoke(response);
        var text = response.ToJsonString();
        var signature = signer.GetRSAPrivateKey()!.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var envelope = new JsonObject
        {
            ["signature"] = new JsonObject { ["type"] = "SHA-256", ["value"] = Convert.ToBase64String(signature) },
            ["response"] = EditSignedText is null ? text : EditSignedText(text),
        }.ToJsonString();
        return EditEnvelope is null ? envelope : EditEnvelope(envelope);
    }

    private JsonObject Data(FakeRequest request, string instance, DateTimeOffset now)
    {
        switch (request.RequestType)
        {
            case "REGISTRATION" or "ID_CERT_RENEW":
                var key = request.SigningRequestKey!;
                var before = request.RequestType == "REGISTRATION" ? [key] : registered[instance];
                Assert.Contains(before, request.IsSignedBy);
                registered[instance] = [key, .. before];
                return Certificates(request, key, instance, now);
            case "AUTHORIZATION":
                AssertSignedWithTheLatestKey(request, instance);
                return Entitlements(request, now);
            default:
                AssertSignedWithTheLatestKey(request, instance);
                return [];
        }
    }

    /// <summary>From the first use of a new key on, the ones before it count no longer.</summary>
    private void AssertSignedWithTheLatestKey(FakeRequest request, string instance)
    {
        Assert.True(request.IsSignedBy(registered[instance][0]));
        registered[instance] = [registered[instance][0]];
    }

    private JsonObject Certificates(FakeRequest request, PublicKey key, string instance, DateTimeOffset now)
    {
        var sudi = request.Header["sudi"]!;
        var productId = (string)sudi["udi_pid"]!;
        var serialNumber = (string)sudi["udi_serial_number"]!;
        var certificate = Authority.IssueIdCertificate(key, instance, productId, serialNumber, now);
        return new JsonObject
        {
            ["product_instance_identifier"] = instance,
            ["product_instance_name"] = (string?)request.Data["hostname"] ?? $"UDI_PID:{productId};UDI_SN:{serialNumber};",
            ["id_cert"] = certificate.ExportCertificatePem(),
            ["signing_cert"] = Authority.Signer.ExportCertificatePem(),
            ["sub_ca_cert"] = Authority.SubCa.ExportCertificatePem(),
            ["cert_chain"] = new JsonArray(Authority.SubCa.ExportCertificatePem(), Authority.Root.ExportCertificatePem()),
            ["id_cert_serial_number"] = FakeAuthority.Serial(certificate),
            ["signing_cert_serial_number"] = FakeAuthority.Serial(Authority.Signer),
            ["smart_account"] = "Example Account",
            ["virtual_account"] = "Default",
            ["export_control_allowed"] = true,
            ["registered_at"] = now.ToUnixTimeMilliseconds(),
            ["renew_at"] = now.AddDays(180).ToUnixTimeMilliseconds(),
            ["expires_at"] = new DateTimeOffset(certificate.NotAfter).ToUnixTimeMilliseconds(),
        };
    }

    private static JsonObject Entitlements(FakeRequest request, DateTimeOffset now)
    {
        var asked = request.Data["entitlements"]!.AsArray();
        var inUse = asked.Any(entitlement => (int)entitlement!["count"]! > 0);
        return new JsonObject
        {
            ["overall_status"] = inUse ? "OUT_OF_COMPLIANCE" : "NO_LICENSES",
            ["entitlement_version"] = (int)request.Data["entitlement_version"]!,
            ["entitlements"] = new JsonArray([.. asked.Select(entitlement => new JsonObject
            {
                ["tag"] = (string)entitlement!["tag"]!,
                ["status"] = (int)entitlement["count"]! > 0 ? "Out Of Compliance" : "In Compliance",
                ["count"] = (int)entitlement["count"]!,
                ["display_name"] = "A licence",
                ["description"] = "What it is for",
            })]),
            ["renew_interval_days"] = 30,
            ["expire_interval_days"] = 90,
            ["next_communication"] = (inUse ? now.AddHours(12) : now.AddDays(30)).ToUnixTimeMilliseconds(),
            ["communication_deadline"] = now.AddDays(90).ToUnixTimeMilliseconds(),
        };
    }

    private static string Wrap(string licensingText) =>
        $"""
        <?xml version="1.0" encoding="utf-8"?>
        <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>
          <b:Block xmlns:b="http://www.cisco.com/2004/01/aml-block"><b:Attachments>
            <b:Attachment type="inline"><b:Name>smart_licensing_data</b:Name>
              <b:Data encoding="plain"><![CDATA[{licensingText}]]></b:Data></b:Attachment>
          </b:Attachments></b:Block>
        </s:Body></s:Envelope>
        """;
}
