using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace TransportGateway.HostTls;

/// <summary>TLS on the listeners: products get the host certificate, browsers the uploaded one.</summary>
internal static class HostListeners
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(15);
    private static readonly object BrowserListener = new();
    private static readonly object Watched = new();

    /// <summary>Always the host certificate, whatever name is dialled: products trust the gateway's root and nothing else.</summary>
    public static void UseTlsForProducts(this ListenOptions listen)
    {
        listen.ApplicationServices.GetRequiredService<ProductListeners>().Add(listen);
        var certificate = listen.ApplicationServices.GetRequiredService<HostCertificate>;
        var dialled = listen.ApplicationServices.GetRequiredService<DialledNames>;
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = handshake =>
            {
                if (handshake.ClientHelloInfo.ServerName is { Length: > 0 } name && !certificate().Covers(name))
                {
                    Watch(handshake.Connection, name, dialled());
                }

                return ValueTask.FromResult(certificate().Tls);
            },
        });
    }

    public static void UseTlsForBrowsers(this ListenOptions listen)
    {
        var certificate = listen.ApplicationServices.GetRequiredService<HostCertificate>;
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = handshake =>
            {
                handshake.Connection.Items[BrowserListener] = true;
                return ValueTask.FromResult(certificate().BrowserTls);
            },
        });
    }

    /// <summary>Notes what the sender of a message dialled.</summary>
    /// <param name="product">Who the message proved to come from; null when it proved nothing.</param>
    public static void NoteDialledName(this HttpContext context, (string InstanceId, string AccountId, string Name)? product)
    {
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        // Without TLS nobody compares names, and the listener of browsers has a certificate of its own.
        if (!context.Request.IsHttps || items?.ContainsKey(BrowserListener) == true)
        {
            return;
        }

        var dialled = context.RequestServices.GetRequiredService<DialledNames>();
        var tlsName = context.Features.Get<ITlsHandshakeFeature>()?.HostName;
        var address = Text(context.Connection.RemoteIpAddress);
        if (product is not { } known)
        {
            dialled.NoteAddress(address, tlsName, context.Request.Host.Host);
            return;
        }

        if (items is not null && items.TryGetValue(Watched, out var watch))
        {
            ((UncoveredConnection)watch!).ProductKnown = true;
        }

        dialled.NoteProduct(known.InstanceId, known.AccountId, known.Name, address, tlsName, context.Request.Host.Host);
    }

    /// <summary>A client that finds its name missing breaks the handshake off: all that is ever seen of it is the name it asked for.</summary>
    private static void Watch(ConnectionContext connection, string name, DialledNames dialled)
    {
        var watch = new UncoveredConnection();
        connection.Items[Watched] = watch;
        var address = Text((connection.RemoteEndPoint as IPEndPoint)?.Address);
        connection.ConnectionClosed.Register(() =>
        {
            if (!watch.ProductKnown)
            {
                dialled.NoteAddress(address, name, "");
            }
        });
    }

    private static string Text(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address ?? IPAddress.None).ToString();

    private sealed class UncoveredConnection
    {
        public volatile bool ProductKnown;
    }
}
