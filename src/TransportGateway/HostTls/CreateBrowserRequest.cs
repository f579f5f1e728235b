using System.Security.Cryptography;
using TransportGateway.Access;
using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Makes a key and a signing request, with which a certificate authority of the site issues a certificate for browsers. The key stays inside.</summary>
internal sealed class CreateBrowserRequest(Database database, MasterKey masterKey, CertificateAuthority authority, TimeProvider clock)
{
    public const int MostRequests = 10;

    public abstract record Outcome
    {
        /// <param name="SigningRequest">PKCS#10, DER.</param>
        public sealed record Created(string Id, byte[] SigningRequest) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        public sealed record TooMany : Outcome;

        private Outcome() { }
    }

    /// <param name="names">The first becomes the common name.</param>
    public async Task<Outcome> ExecuteAsync(Caller by, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        if (names.Count == 0)
        {
            return new Outcome.Invalid("A name is needed: the host part of the URL that browsers dial, as in --name licences.example.com.");
        }

        // A certificate for browsers is not tied to the Host Common Name, so an address is as good as a name.
        var (identity, problem) = HostIdentity.Read(names[0], [.. names.Skip(1)], dualStack: false);
        if (identity is null)
        {
            return new Outcome.Invalid(problem + ".");
        }

        using var key = await authority.NextKeyAsync();
        var now = clock.GetUtcNow();
        var id = Ids.New(now);
        var plain = key.ExportPkcs8PrivateKey();
        var row = new BrowserCertificateRow
        {
            Id = id,
            Names = NameList.Join(identity.AllNames),
            SealedKey = masterKey.Seal(BrowserCertificateRow.KeyPurpose(id), plain),
            SigningRequest = SigningRequests.For(identity.AllNames, key),
            CreatedBy = by.Name,
            CreatedAt = now,
        };
        CryptographicOperations.ZeroMemory(plain);

        await using var session = await database.BeginAsync(cancellationToken);
        var certificates = new BrowserCertificates(session);
        if ((await certificates.ListRequestsAsync(cancellationToken)).Count >= MostRequests)
        {
            return new Outcome.TooMany();
        }

        await certificates.AddRequestAsync(row, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.BrowserRequestCreated, Severity.Info, by.Name, $"A signing request for a browser certificate for {identity} was made."), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Created(id, row.SigningRequest);
    }
}
