using System.Net.Sockets;

namespace TransportGateway.Upstream;

/// <summary>
/// A connection that is reset between being made and being used comes out of <see cref="SocketsHttpHandler"/> as a bare
/// <see cref="SocketException"/> (observed with .NET 10.0.12, which asks the socket for its remote address); callers know
/// <see cref="HttpRequestException"/>.
/// </summary>
internal sealed class LostConnectionHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException exception)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, exception.Message, exception);
        }
    }
}
