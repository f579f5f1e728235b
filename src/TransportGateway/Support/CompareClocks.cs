using System.Net.Security;
using TransportGateway.Cluster;
using TransportGateway.HostTls;

namespace TransportGateway.Support;

/// <summary>How far the clocks of the two nodes are apart: the other node's gateway says its time with every answer.</summary>
internal sealed class CompareClocks(ClusterSnapshot cluster, HostCertificate certificate, Listeners listeners, MachineClock own, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public async Task<TimeView> ReadAsync(CancellationToken cancellationToken)
    {
        var here = own.Read();
        return new TimeView(here.Now, here.Zone, here.Synchronized, here.KeptBy, await PeerAheadAsync(cancellationToken) is { } ahead ? (long)Math.Round(ahead.TotalSeconds) : null);
    }

    /// <summary>Null without another node, or when it does not answer. Good to a second, as a Date header is.</summary>
    private async Task<TimeSpan?> PeerAheadAsync(CancellationToken cancellationToken)
    {
        if (cluster.Plan is not { } plan || listeners.All.FirstOrDefault(listener => listener.Serves == Listeners.Products) is not { } listener)
        {
            return null;
        }

        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = Patience,
            // Both nodes have the same certificate, so nobody else answers in the other one's place.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.Certificate.GetCertHashString() },
        })
        {
            Timeout = Patience,
        };
        try
        {
            var asked = clock.GetUtcNow();
            using var answer = await http.GetAsync(new UriBuilder("https", plan.Peer.PublicAddress, listener.Port, "/healthz").Uri, cancellationToken);
            var middle = asked + ((clock.GetUtcNow() - asked) / 2);
            // A Date header leaves the fraction out.
            return answer.Headers.Date is { } theirs ? theirs + TimeSpan.FromMilliseconds(500) - middle : null;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}

/// <param name="Synchronized">Null when the system does not say.</param>
/// <param name="KeptBy">The program that keeps the clock right, as far as it can be seen.</param>
/// <param name="PeerAheadSeconds">Of the other node's clock; negative when it is behind, null when it is not known.</param>
internal sealed record TimeView(DateTimeOffset Now, string Zone, bool? Synchronized, string? KeptBy, long? PeerAheadSeconds);
