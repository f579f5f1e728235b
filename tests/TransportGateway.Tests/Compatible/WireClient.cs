using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Compatible;

/// <summary>Sends requests byte for byte as existing clients put them on the wire. Like them, it does not look at the certificate.</summary>
internal sealed class WireClient(TestGateway gateway, string token)
{
    /// <summary>Ansible's uri module with body_format json: without a body it sends the text null, on GET as well.</summary>
    public Task<(int Status, JsonNode Body)> AnsibleAsync(string method, string path, string body = "null") => SendAsync(
        $"""
        {method} {path} HTTP/1.1
        Accept-Encoding: identity
        Content-Type: application/json
        Content-Length: {Encoding.UTF8.GetByteCount(body)}
        Host: {gateway.Address.Authority}
        User-Agent: ansible-httpget
        Authorization: Bearer {token}
        Connection: close

        {body}
        """);

    /// <summary>Perl's LWP posts a form where others post JSON.</summary>
    public Task<(int Status, JsonNode Body)> PerlAsync(string path, string form) => SendAsync(
        $"""
        POST {path} HTTP/1.1
        TE: deflate,gzip;q=0.3
        Connection: TE, close
        Authorization: Bearer {token}
        Host: {gateway.Address.Authority}
        User-Agent: libwww-perl/6.67
        Content-Length: {Encoding.UTF8.GetByteCount(form)}
        Content-Type: application/x-www-form-urlencoded

        {form}
        """);

    /// <summary>Python's requests.</summary>
    public Task<(int Status, JsonNode Body)> PythonAsync(string method, string path, string? json = null) => SendAsync(
        $"""
        {method} {path} HTTP/1.1
        Host: {gateway.Address.Authority}
        User-Agent: python-requests/2.31.0
        Accept-Encoding: gzip, deflate
        Accept: */*
        Connection: close
        {(token.Length == 0 ? "" : $"Authorization: Bearer {token}\n")}Content-Length: {Encoding.UTF8.GetByteCount(json ?? "")}
        {(json is null ? "" : "Content-Type: application/json\n")}
        {json}
        """);

    private async Task<(int Status, JsonNode Body)> SendAsync(string request)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
#pragma warning disable CA5359 // These clients verify nothing (ssm-on-prem 6.4, 10).
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(gateway.Address.Host);
        await tls.WriteAsync(Encoding.UTF8.GetBytes(InWireForm(request)));
        using var buffer = new MemoryStream();
        await tls.CopyToAsync(buffer);
        var answer = Encoding.UTF8.GetString(buffer.ToArray());
        var (head, body) = (answer[..answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)], answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        var text = head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase) ? Unchunked(body) : body;
        return (int.Parse(head.Split(' ')[1], CultureInfo.InvariantCulture), JsonNode.Parse(text)!);
    }

    /// <summary>Lines of the head end as HTTP wants it; the body stays as it is.</summary>
    private static string InWireForm(string request)
    {
        var end = request.IndexOf("\n\n", StringComparison.Ordinal);
        return request[..end].ReplaceLineEndings("\r\n") + "\r\n\r\n" + request[(end + 2)..];
    }

    private static string Unchunked(string body)
    {
        var text = new StringBuilder();
        for (var at = 0; ;)
        {
            var line = body.IndexOf("\r\n", at, StringComparison.Ordinal);
            var size = int.Parse(body.AsSpan(at, line - at), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                return text.ToString();
            }

            // Chunks are counted in bytes; tests keep to answers of ASCII, where bytes are characters.
            text.Append(body, line + 2, size);
            at = line + 2 + size + 2;
        }
    }
}
