using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.Webhooks;

/// <summary>Somebody who is told, over real TLS.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly SiteAuthority _authority = new(TimeProvider.System.GetUtcNow());
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Message> _messages = new();

    private WebhookReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = RSACertificateExtensions.CopyWithPrivateKey(_authority.Issue(SiteAuthority.ServerKey, ["127.0.0.1"]), SiteAuthority.ServerKey),
            ServerCertificateChain = [_authority.Issuing],
        })));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    public sealed record Message(string Id, string Timestamp, string Signature, string Body);

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/hook";

    public string RootPem => _authority.RootPem;

    /// <summary>What it answers.</summary>
    public int Status { get; set; } = 204;

    public IReadOnlyList<Message> Messages => [.. _messages];

    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        await receiver._app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _authority.Dispose();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var headers = context.Request.Headers;
        _messages.Enqueue(new Message(headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), await reader.ReadToEndAsync()));
        context.Response.StatusCode = Status;
        context.Response.Headers.Location = "https://127.0.0.1:9/elsewhere";
    }
}
