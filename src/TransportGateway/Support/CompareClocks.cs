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
        return new TimeView(here.Now, here.Zone, here.Synchronized, here.KeptBy, await PeerAheadAsync(cancellationToken));
    }

    /// <summary>How many seconds a clock is ahead of this one; 0 for one that may be right.</summary>
    /// <param name="said">The Date header of an answer: without the fraction, and set once a second, so that it is up to two seconds old.</param>
    /// <param name="heard">Half-way between question and answer.</param>
    public static long Ahead(DateTimeOffset said, DateTimeOffset heard)
    {
        var age = TimeSpan.FromSeconds(1);
        var ahead = said + age - heard;
        return ahead.Duration() <= age ? 0 : (long)Math.Round(ahead.TotalSeconds);
    }

    /// <summary>Null without another node, or when it does not answer.</summary>
    private async Task<long?> PeerAheadAsync(CancellationToken cancellationToken)
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
            return answer.Headers.Date is { } theirs ? Ahead(theirs, middle) : null;
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
