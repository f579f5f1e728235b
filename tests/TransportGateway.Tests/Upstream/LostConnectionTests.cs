using System.Net.Sockets;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

public sealed class LostConnectionTests
{
    [Fact]
    public async Task A_connection_that_is_reset_before_it_is_used_is_one_that_could_not_be_made()
    {
        using var http = new HttpClient(new LostConnectionHandler(new ResetHandler()));

        var lost = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("https://central.example.com/")));

        Assert.Equal(HttpRequestError.ConnectionError, lost.HttpRequestError);
    }

    private sealed class ResetHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => throw new SocketException((int)SocketError.NotConnected);
    }
}
