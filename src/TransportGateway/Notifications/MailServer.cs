using System.Net.Security;
using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>A connection to the mail server, over which mails go one after the other.</summary>
internal sealed class MailServer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Client _client;
    private readonly MailboxAddress _sender;
    private readonly TimeProvider _clock;

    private MailServer(Client client, MailboxAddress sender, TimeProvider clock)
    {
        _client = client;
        _sender = sender;
        _clock = clock;
    }

    /// <summary>What the server made of a mail.</summary>
    public enum Verdict
    {
        /// <summary>It has it, and answers for it.</summary>
        Taken,

        /// <summary>Not now.</summary>
        Later,

        /// <summary>It will not take this mail however often it is tried.</summary>
        Never,
    }

    public bool IsConnected => _client.IsConnected;

    /// <summary>Connects, with TLS where that is set, and signs in where there is a user.</summary>
    /// <exception cref="MailServerException">It did not come to that.</exception>
    public static async Task<MailServer> ConnectAsync(MailSettings settings, TimeProvider clock, CancellationToken cancellationToken)
    {
        var place = $"{settings.Server}:{settings.PortInUse}";
        var client = new Client(settings.TlsAnchors) { Timeout = (int)Patience.TotalMilliseconds };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await client.ConnectAsync(
                settings.Server!,
                settings.PortInUse,
                settings.Security switch
                {
                    MailSettings.Tls => SecureSocketOptions.SslOnConnect,
                    MailSettings.StartTls => SecureSocketOptions.StartTls,
                    _ => SecureSocketOptions.None,
                },
                patience.Token);
            if (settings.User.Length > 0)
            {
                await client.AuthenticateAsync(settings.User, settings.Password.Value, patience.Token);
            }

            return new MailServer(client, new MailboxAddress("Transport gateway", settings.Sender), clock);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && IsOfTheServer(exception))
        {
            client.Dispose();
            throw new MailServerException(exception switch
            {
                SslHandshakeException => $"TLS with {place} did not come about: {OneLine.Of((exception.InnerException ?? exception).Message)} Its certificate must be for the name '{settings.Server}' and chain to tlsAnchors, or to the machine's roots when those are empty.",
                NotSupportedException when !client.IsSecure && settings.Security == MailSettings.StartTls => $"{place} does not offer STARTTLS. Nothing was sent.",
                AuthenticationException or NotSupportedException => $"{place} did not take user and password: {OneLine.Of(exception.Message)}",
                OperationCanceledException or TimeoutException => $"{place} did not answer within {Patience.TotalSeconds:0} seconds.",
                SmtpCommandException refusal => $"{place} answered {Answer(refusal)}",
                _ => $"{place} cannot be reached: {OneLine.Of(exception.Message)}",
            });
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <returns>With what the server said, or what kept it from saying anything.</returns>
    public async Task<(Verdict Verdict, string Answer)> SendAsync(MailRow mail, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var message = Compose(mail);
            return (Verdict.Taken, OneLine.Of(await _client.SendAsync(message, patience.Token)));
        }
        catch (SmtpCommandException refusal)
        {
            // A sender that is refused is a matter of the settings, which an administrator can mend.
            const int Permanent = 500;
            return (
                (int)refusal.StatusCode >= Permanent && refusal.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted ? Verdict.Never : Verdict.Later,
                $"answered {Answer(refusal)}");
        }
        catch (Exception exception) when (exception is FormatException or NotSupportedException)
        {
            return (Verdict.Never, $"the address cannot be written to over this server: {OneLine.Of(exception.Message)}");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && IsOfTheServer(exception))
        {
            return (Verdict.Later, exception is OperationCanceledException or TimeoutException ? "no answer in time" : OneLine.Of(exception.Message));
        }
    }

    public void Dispose() => _client.Dispose();

    private MimeMessage Compose(MailRow mail)
    {
        var message = new MimeMessage
        {
            Subject = mail.Subject,
            Date = _clock.GetUtcNow(),
            // The same at every attempt, so that a server which took it before the connection broke can tell.
            MessageId = $"{mail.Id}@{MailboxAddress.EncodeAddrspec(_sender.Address).Split('@')[^1]}",
            Body = new TextPart("plain") { Text = mail.Body },
        };
        message.From.Add(_sender);
        message.To.Add(new MailboxAddress("", mail.Recipient));
        // No vacation notice answers it (RFC 3834).
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return message;
    }

    private static string Answer(SmtpCommandException refusal) => $"{(int)refusal.StatusCode} {OneLine.Of(refusal.Message)}";

    private static bool IsOfTheServer(Exception exception) => exception
        is SocketException or IOException or TimeoutException or OperationCanceledException or NotSupportedException
        or SslHandshakeException or AuthenticationException or ProtocolException or CommandException or ServiceNotConnectedException or ServiceNotAuthenticatedException;

    /// <summary>Trusts what the settings say.</summary>
    private sealed class Client(string tlsAnchors) : SmtpClient
    {
        protected override SslClientAuthenticationOptions GetSslClientAuthenticationOptions(string host, RemoteCertificateValidationCallback remoteCertificateValidationCallback)
        {
            var options = base.GetSslClientAuthenticationOptions(host, remoteCertificateValidationCallback);
            if (UpstreamRoute.ChainPolicyOf(tlsAnchors) is { } policy)
            {
                options.CertificateChainPolicy = policy;
            }

            return options;
        }
    }
}

/// <summary>Why the mail server took nothing at all, in a sentence for administrators.</summary>
internal sealed class MailServerException(string message) : Exception(message);
