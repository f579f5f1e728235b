using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MimeKit;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.Notifications;

/// <summary>A mail server that speaks EHLO, STARTTLS, AUTH, MAIL, RCPT and DATA, and remembers every line and whether it came inside TLS.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    public const string User = "gateway";
    public const string Password = "Mail-Secret-1";

    private readonly SiteAuthority _authority = new(TimeProvider.System.GetUtcNow());
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Mail> _mails = new();
    private readonly ConcurrentQueue<(string Line, bool Protected)> _lines = new();
    private readonly TcpListener _listener;
    private readonly bool _tls;
    private readonly string _name;
    private readonly Task _work;

    private SmtpServer(bool tls, int port, string name)
    {
        _tls = tls;
        _name = name;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _work = AcceptAsync();
    }

    /// <param name="Raw">Headers and body as they were sent.</param>
    public sealed record Mail(string Sender, IReadOnlyList<string> Recipients, string Raw)
    {
        public MimeMessage Message => MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(Raw)));

        public string Subject => Message.Subject ?? "";

        public string Body => (Message.TextBody ?? "").ReplaceLineEndings("\n");
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string RootPem => _authority.RootPem;

    public IReadOnlyList<Mail> Mails => [.. _mails];

    public IReadOnlyList<(string Line, bool Protected)> Lines => [.. _lines];

    public bool OffersStartTls { get; set; } = true;

    /// <summary>What it answers to a recipient; null to take it, nothing to hang up.</summary>
    public Func<string, string?> Refusal { get; set; } = _ => null;

    /// <param name="tls">From the first byte on.</param>
    /// <param name="name">The name in its certificate.</param>
    public static SmtpServer Start(bool tls = false, int? port = null, string name = "127.0.0.1") => new(tls, port ?? Loopback.FreePort(), name);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _authority.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            try
            {
                await ServeAsync(client.GetStream());
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException)
            {
                // A sender that does not trust this server hangs up.
            }
        }
    }

    private async Task ServeAsync(Stream plain)
    {
        var conversation = new Conversation(plain, _stop.Token);
        if (_tls)
        {
            await ProtectAsync(conversation);
        }

        await conversation.SayAsync("220 mail.example.com ESMTP");
        var sender = "";
        var recipients = new List<string>();
        while (await conversation.HearAsync() is { } line)
        {
            _lines.Enqueue((line, conversation.IsProtected));
            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    await conversation.SayAsync("250-mail.example.com");
                    await conversation.SayAsync("250-8BITMIME");
                    if (OffersStartTls && !conversation.IsProtected)
                    {
                        await conversation.SayAsync("250-STARTTLS");
                    }

                    // Also without TLS, to see who falls for it.
                    await conversation.SayAsync("250 AUTH PLAIN LOGIN");
                    break;
                case "STARTTLS":
                    await conversation.SayAsync("220 go ahead");
                    await ProtectAsync(conversation);
                    break;
                case "AUTH":
                    var told = line.StartsWith("AUTH LOGIN", StringComparison.OrdinalIgnoreCase)
                        ? ["", await AskAsync(conversation, "Username:"), await AskAsync(conversation, "Password:")]
                        : Decode(line.Split(' ')[^1]).Split('\0');
                    await conversation.SayAsync(told is [_, User, Password] ? "235 welcome" : "535 5.7.8 wrong user or password");
                    break;
                case "MAIL":
                    sender = Address(line);
                    recipients = [];
                    await conversation.SayAsync("250 ok");
                    break;
                case "RCPT":
                    recipients.Add(Address(line));
                    if (Refusal(Address(line)) is "")
                    {
                        return;
                    }

                    await conversation.SayAsync(Refusal(Address(line)) ?? "250 ok");
                    break;
                case "DATA":
                    await conversation.SayAsync("354 go on");
                    var raw = new StringBuilder();
                    while (await conversation.HearAsync() is { } text && text != ".")
                    {
                        raw.Append(text.StartsWith('.') ? text[1..] : text).Append("\r\n");
                    }

                    _mails.Enqueue(new Mail(sender, recipients, raw.ToString()));
                    await conversation.SayAsync($"250 2.0.0 queued as {_mails.Count}");
                    break;
                case "QUIT":
                    await conversation.SayAsync("221 bye");
                    return;
                default:
                    await conversation.SayAsync("250 ok");
                    break;
            }
        }
    }

    private async Task ProtectAsync(Conversation conversation)
    {
        var certificate = RSACertificateExtensions.CopyWithPrivateKey(_authority.Issue(SiteAuthority.ServerKey, [_name]), SiteAuthority.ServerKey);
        await conversation.ProtectAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [_authority.Issuing], offline: true) });
    }

    private static async Task<string> AskAsync(Conversation conversation, string what)
    {
        await conversation.SayAsync("334 " + Convert.ToBase64String(Encoding.ASCII.GetBytes(what)));
        return Decode(await conversation.HearAsync() ?? "");
    }

    private static string Decode(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    private static string Address(string line) => line.Split('<', '>')[1];

    private sealed class Conversation(Stream plain, CancellationToken cancellationToken)
    {
        private Stream _stream = plain;

        public bool IsProtected => _stream is SslStream;

        public async Task ProtectAsync(SslServerAuthenticationOptions options)
        {
            var tls = new SslStream(_stream);
            await tls.AuthenticateAsServerAsync(options, cancellationToken);
            _stream = tls;
        }

        public async Task SayAsync(string line) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancellationToken);

        /// <summary>Byte for byte, so that nothing of what follows STARTTLS is read too early.</summary>
        public async Task<string?> HearAsync()
        {
            var line = new List<byte>();
            var one = new byte[1];
            while (await _stream.ReadAsync(one, cancellationToken) == 1)
            {
                if (one[0] == '\n')
                {
                    return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
                }

                line.Add(one[0]);
            }

            return null;
        }
    }
}
