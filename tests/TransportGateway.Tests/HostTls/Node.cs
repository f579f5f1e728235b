using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Authority;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>What one process holds of the host certificate; several on one database are the nodes of a cluster, or one before and after a restart.</summary>
internal sealed class Node : IDisposable
{
    /// <summary>Nodes of one cluster share the master key.</summary>
    public static readonly MasterKey MasterKey = new(RandomNumberGenerator.GetBytes(32));

    /// <summary>When every test begins.</summary>
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    private static readonly Lazy<Task<IReadOnlyList<AuthorityCertificateRow>>> Made = new(MakeAsync);

    public static readonly Caller Administrator = Caller.Local("administrator");

    public Node(Database database, TimeProvider clock, string commonName = "ssm.example.com", bool dualStack = false)
    {
        Database = database;
        Options = new HostTlsOptions(new HostIdentity(commonName, ["127.0.0.1"]), InitialNamesGiven: true, dualStack);
        Authority = new CertificateAuthority(database, MasterKey, new AuthorityOptions("Test"), clock);
        Served = new HostCertificate(database, MasterKey);
        Issue = new IssueHostCertificate(database, MasterKey, Authority, clock);
        Keep = new KeepHostCertificate(database, Served, Issue, Options, clock);
        Expiry = new CertificateExpiry(database, Served, clock);
        Dialled = new DialledNames(database, Served, clock);
        var lookup = new HostNameLookup((_, _) => Task.FromResult<System.Net.IPAddress[]>([System.Net.IPAddress.Loopback]), () => [System.Net.IPAddress.Loopback], TimeSpan.FromSeconds(10));
        ChangeName = new ChangeHostName(database, Keep, lookup, Options, clock);
        ChangeIssuer = new ChangeCertificateIssuer(database, Keep, clock);
        Check = new CheckHostCertificate(database, Served, lookup, Options, clock);
        CreateRequest = new CreateBrowserRequest(database, MasterKey, Authority, clock);
        Upload = new UploadBrowserCertificate(database, MasterKey, Served, Expiry, clock);
        Delete = new DeleteBrowserCertificate(database, Served, Expiry, clock);
    }

    public Database Database { get; }

    public HostTlsOptions Options { get; }

    public CertificateAuthority Authority { get; }

    public HostCertificate Served { get; }

    public IssueHostCertificate Issue { get; }

    public KeepHostCertificate Keep { get; }

    public CertificateExpiry Expiry { get; }

    public DialledNames Dialled { get; }

    public ChangeHostName ChangeName { get; }

    public ChangeCertificateIssuer ChangeIssuer { get; }

    public CheckHostCertificate Check { get; }

    public CreateBrowserRequest CreateRequest { get; }

    public UploadBrowserCertificate Upload { get; }

    public DeleteBrowserCertificate Delete { get; }

    /// <summary>The first start in a test takes an authority that was made once for all of them.</summary>
    public async Task<Node> StartAsync()
    {
        if ((await ReadAsync(session => new AuthorityCertificates(session).ListAsync(CancellationToken.None))).Count == 0)
        {
            var made = await Made.Value;
            await using var session = await Database.BeginAsync();
            foreach (var row in made)
            {
                await new AuthorityCertificates(session).AddAsync(row, CancellationToken.None);
            }

            await session.CommitAsync();
        }

        await Authority.EnsureAsync(CancellationToken.None);
        await Keep.StartAsync(CancellationToken.None);
        return this;
    }

    public Task<ChangeHostName.Outcome> ChangeNameAsync(string name, params string[]? alternativeNames) =>
        ChangeName.ExecuteAsync(new ChangeHostName.Request(Administrator, name, alternativeNames), CancellationToken.None);

    public async Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read)
    {
        await using var session = await Database.ReadAsync();
        return await read(session);
    }

    public Task<HostCertificateChange?> UnderWayAsync() => ReadAsync(session => new HostCertificateChanges(session).FindUnderWayAsync(CancellationToken.None));

    private static async Task<IReadOnlyList<AuthorityCertificateRow>> MakeAsync()
    {
        await using var engine = new SqliteEngine();
        await engine.CreateAsync();
        await using var database = engine.Open(TimeProvider.System);
        using var authority = new CertificateAuthority(database, MasterKey, new AuthorityOptions("Test"), new FakeTimeProvider(Start));
        await authority.EnsureAsync(CancellationToken.None);
        await using var session = await database.ReadAsync();
        return await new AuthorityCertificates(session).ListAsync(CancellationToken.None);
    }

    public void Dispose()
    {
        Keep.Dispose();
        Authority.Dispose();
    }
}
