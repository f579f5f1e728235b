using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.SignOn;

/// <summary>A real OpenLDAP server on loopback, with TLS and two people in it. Its log says who bound.</summary>
internal sealed class DirectoryServer : IAsyncDisposable
{
    public const string Base = "dc=example,dc=com";
    public const string ReaderName = "cn=reader," + Base;
    public const string ReaderPassword = "reader-password";

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-slapd-").FullName;
    private readonly SiteAuthority _authority = new(TimeProvider.System.GetUtcNow());
    private readonly StringBuilder _log = new();
    private Process _process = null!;

    public int Port { get; } = Loopback.FreePort();

    public int TlsPort { get; private set; }

    /// <remarks>The LDAP library takes <c>localhost</c> for the machine's own name.</remarks>
    public string Ldaps => $"ldaps://127.0.0.1:{TlsPort}";

    public string StartTls => $"ldap://127.0.0.1:{Port}";

    public string RootPem => _authority.RootPem;

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static async Task<DirectoryServer> StartAsync()
    {
        var server = new DirectoryServer();
        await server.RunAsync();
        return server;
    }

    /// <summary>Changes the tree with the server's own tool, as its administrator.</summary>
    public async Task ModifyAsync(string ldif)
    {
        var file = Path.Combine(_folder, "change.ldif");
        await File.WriteAllTextAsync(file, ldif);
        var (code, text) = await Tool.RunAsync("ldapmodify", "-x", "-H", StartTls, "-D", ReaderName, "-w", ReaderPassword, "-f", file);
        Assert.True(code == 0, text);
    }

    private async Task RunAsync()
    {
        do
        {
            TlsPort = Loopback.FreePort();
        }
        while (TlsPort == Port);

        using (var certificate = _authority.Issue(SiteAuthority.ServerKey, ["127.0.0.1"]))
        {
            await File.WriteAllTextAsync(At("server.pem"), certificate.ExportCertificatePem() + "\n" + _authority.IssuingPem);
        }

        await File.WriteAllTextAsync(At("server.key"), SiteAuthority.ServerKey.ExportPkcs8PrivateKeyPem());
        Directory.CreateDirectory(At("db"));
        await File.WriteAllTextAsync(
            At("slapd.conf"),
            $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            pidfile {At("slapd.pid")}
            TLSCertificateFile {At("server.pem")}
            TLSCertificateKeyFile {At("server.key")}
            database mdb
            suffix "{Base}"
            rootdn "{ReaderName}"
            rootpw {ReaderPassword}
            directory {At("db")}

            """);
        await File.WriteAllTextAsync(
            At("tree.ldif"),
            $"""
            dn: {Base}
            objectClass: dcObject
            objectClass: organization
            o: Example
            dc: example

            dn: ou=people,{Base}
            objectClass: organizationalUnit
            ou: people

            dn: uid=ann,ou=people,{Base}
            objectClass: inetOrgPerson
            uid: ann
            cn: Ann
            sn: Example
            givenName: Ann
            mail: ann@example.com
            userPassword: {People.Password.Value}

            dn: uid=bob,ou=people,{Base}
            objectClass: inetOrgPerson
            uid: bob
            cn: Bob (Branch)
            sn: Branch
            userPassword: {People.Password.Value}

            dn: cn=licensing,{Base}
            objectClass: groupOfNames
            cn: licensing
            member: uid=ann,ou=people,{Base}

            dn: cn=branch,{Base}
            objectClass: groupOfNames
            cn: branch
            member: uid=bob,ou=people,{Base}

            """);
        var (code, text) = await Tool.RunAsync("/usr/sbin/slapadd", "-f", At("slapd.conf"), "-l", At("tree.ldif"));
        Assert.True(code == 0, text);
        _process = Process.Start(new ProcessStartInfo("/usr/sbin/slapd", ["-f", At("slapd.conf"), "-h", $"ldap://127.0.0.1:{Port}/ ldaps://127.0.0.1:{TlsPort}/", "-d", "stats"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        await Wait.UntilAsync(IsListening);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private bool IsListening()
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", TlsPort);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string At(string name) => Path.Combine(_folder, name);
}
