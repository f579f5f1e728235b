using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Goes back to the gateway's own certificate for browsers, or gives a signing request up; the key is gone with it.</summary>
internal sealed class DeleteBrowserCertificate(Database database, HostCertificate served, CertificateExpiry expiry, TimeProvider clock)
{
    /// <summary>False when there is none.</summary>
    public async Task<bool> ExecuteAsync(Caller by, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            if (!await new BrowserCertificates(session).DeleteInstalledAsync(cancellationToken))
            {
                return false;
            }

            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.BrowserCertificateDeleted, Severity.Info, by.Name, "The uploaded browser certificate was deleted; browsers get the gateway's own again."), now, cancellationToken);
            await session.CommitAsync();
        }

        await served.RefreshAsync(CancellationToken.None);
        await expiry.RunAsync(CancellationToken.None);
        return true;
    }

    /// <summary>False when there is no such signing request.</summary>
    public async Task<bool> ForgetRequestAsync(Caller by, string id, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new BrowserCertificates(session).DeleteRequestAsync(id, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.BrowserRequestDeleted, Severity.Info, by.Name, "A signing request for a browser certificate was deleted with its key."), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return true;
    }
}
