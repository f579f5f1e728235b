using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using TransportGateway.Authority;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Benchmarks.Floor;

/// <summary>What any server would have to do: TLS, the cryptography, the SQL, an answer of the same size. Nothing is parsed and nothing is checked.</summary>
internal static class FloorServer
{
    public const string AuthorizePath = "/authorize";
    public const string RegisterPath = "/register";

    /// <param name="arguments">Port, engine, folder, then bytes of the answer and characters of the stored text: authorisation's and registration's.</param>
    public static async Task RunAsync(string[] arguments, TimeProvider clock)
    {
        var kind = Enum.Parse<EngineKind>(arguments[1]);
        var folder = arguments[2];
        var sizes = arguments[3..].Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        var connectionString = kind == EngineKind.PostgreSql
            ? Environment.GetEnvironmentVariable("TG_POSTGRESQL_CONNECTION")!
            : new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "gateway.db"), ForeignKeys = true, DefaultTimeout = 10 }.ToString();

        // The gateway's own certificates, so that a handshake costs the same.
        await using var database = BenchmarkDatabase.Open(kind, folder, connectionString, clock);
        using var masterKey = MasterKey.LoadOrCreate(Path.Combine(folder, "master.key"));
        using var authority = new CertificateAuthority(database, masterKey, new AuthorityOptions("Transport Gateway"), clock);
        await authority.EnsureAsync(CancellationToken.None);
        var host = new HostCertificate(database, masterKey);
        var names = new HostTlsOptions(new HostIdentity("localhost", ["127.0.0.1"]), InitialNamesGiven: true, DualStack: false);
        using (var keep = new KeepHostCertificate(database, host, new IssueHostCertificate(database, masterKey, authority, clock), names, clock))
        {
            await keep.StartAsync(CancellationToken.None);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "root.pem"), authority.Root.ExportCertificatePem() + "\n");

        var requests = await FloorRequests.CreateAsync(new FloorDatabase(kind, connectionString), authority, masterKey, sizes, clock);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(
            new IPEndPoint(IPAddress.Loopback, int.Parse(arguments[0], CultureInfo.InvariantCulture)),
            listen => listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(host.Tls) })));
        await using var app = builder.Build();
        app.Run(async context =>
        {
            var body = new byte[(int)(context.Request.ContentLength ?? 0)];
            await context.Request.Body.ReadExactlyAsync(body);
            var answer = context.Request.Path.Value switch
            {
                AuthorizePath => await requests.AuthorizeAsync(body),
                RegisterPath => await requests.RegisterAsync(body),
                _ => [],
            };
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer);
        });
        await app.RunAsync();
    }
}

/// <summary>The cryptography and the statements of the two requests, with texts of the same size made ahead.</summary>
internal sealed class FloorRequests
{
    private readonly FloorDatabase _database;
    private readonly CertificateAuthority _authority;
    private readonly MasterKey _masterKey;
    private readonly TimeProvider _clock;
    private readonly byte[] _text = RandomNumberGenerator.GetBytes(1200);
    private readonly byte[] _signature;
    private readonly byte[] _publicKey;
    private readonly byte[] _signingRequest;
    private readonly (byte[] Answer, byte[] Signed, string Stored) _authorization;
    private readonly (byte[] Answer, byte[] Signed, string Stored) _registration;
    private long _number;
    private string[] _instances = [];
    private string _virtualAccount = "";
    private string _account = "";
    private string _tokenHash = "";
    private string _token = "";

    private FloorRequests(FloorDatabase database, CertificateAuthority authority, MasterKey masterKey, int[] sizes, TimeProvider clock)
    {
        _database = database;
        _authority = authority;
        _masterKey = masterKey;
        _clock = clock;
        using var key = RSA.Create(2048);
        _signature = key.SignData(_text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        _publicKey = key.ExportSubjectPublicKeyInfo();
        _signingRequest = new CertificateRequest("CN=floor", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();
        _authorization = Texts(sizes[0], sizes[1]);
        _registration = Texts(sizes[2], sizes[3]);
    }

    public static async Task<FloorRequests> CreateAsync(FloorDatabase database, CertificateAuthority authority, MasterKey masterKey, int[] sizes, TimeProvider clock)
    {
        var requests = new FloorRequests(database, authority, masterKey, sizes, clock);
        await database.WriteAsync(async connection =>
        {
            var token = (await connection.QueryAsync("SELECT id, secret_hash, virtual_account_id FROM registration_tokens"))!;
            (requests._token, requests._tokenHash, requests._virtualAccount) = ((string)token[0], (string)token[1], (string)token[2]);
            requests._account = (string)(await connection.QueryAsync("SELECT id FROM accounts"))![0];
            requests._instances = new string[200];
            for (var i = 0; i < requests._instances.Length; i++)
            {
                var id = requests._instances[i] = (string)(await connection.QueryAsync("SELECT id FROM product_instances ORDER BY id LIMIT 1 OFFSET @p0", (long)i))![0];
                await connection.RunAsync("UPDATE id_certificates SET serial = @p0, public_key = @p1 WHERE instance_id = @p2", Serial(id), requests._publicKey, id);
                await connection.RunAsync("UPDATE product_instances SET certificate_serial = @p0 WHERE id = @p1", Serial(id), id);
            }
        });
        return requests;
    }

    public async Task<byte[]> AuthorizeAsync(byte[] body)
    {
        var number = Interlocked.Increment(ref _number);
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var instance = _instances[(int)(number % _instances.Length)];
        var sender = await _database.ReadAsync(connection => connection.QueryAsync(FloorStatements.FindSender, instance, Serial(instance)));
        Confirm(sender is not null);
        using (var rsa = RSA.Create())
        {
            rsa.ImportSubjectPublicKeyInfo(_publicKey, out _);
            Confirm(rsa.VerifyData(_text, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }

        var hash = SHA256.HashData(_text);
        var nonce = Nonce(number);
        await _database.ReadAsync(connection => connection.QueryAsync(FloorStatements.FindAnswer, instance, nonce));
        await _database.WriteAsync(async connection =>
        {
            await connection.RunAsync(FloorStatements.MarkAuthorized, now, instance, _virtualAccount, Serial(instance));
            await connection.QueryAsync(FloorStatements.ListBooks, instance, _virtualAccount, _account);
            await connection.RunAsync(
                FloorStatements.AddAnswer, instance, nonce, hash, _masterKey.Seal($"archived-request:{instance}:{nonce}", body), "AUTHORIZATION", "smart-transport", "127.0.0.1", now, "OK",
                _authority.CurrentSigner.Serial, _authorization.Stored, _virtualAccount, null);
        });
        _authority.CurrentSigner.Sign(_authorization.Signed);
        return _authorization.Answer;
    }

    public async Task<byte[]> RegisterAsync(byte[] body)
    {
        var number = Interlocked.Increment(ref _number);
        var time = _clock.GetUtcNow();
        var now = time.ToUnixTimeMilliseconds();
        var key = CertificateRequest.LoadSigningRequest(
            _signingRequest, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1).PublicKey;
        using (var rsa = key.GetRSAPublicKey()!)
        {
            Confirm(rsa.VerifyData(_text, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }

        var hash = SHA256.HashData(_text);
        var sender = "csr:" + Convert.ToHexStringLower(SHA256.HashData(_publicKey));
        var nonce = Nonce(number);
        var serialNumber = $"floor-{number:d20}";
        await _database.ReadAsync(connection => connection.QueryAsync(FloorStatements.FindAnswer, sender, nonce));
        await _database.ReadAsync(async connection =>
        {
            await connection.QueryAsync(FloorStatements.FindToken, _tokenHash);
            return await connection.QueryAsync(FloorStatements.FindRegistered, "PID:UCM SN:" + serialNumber);
        });
        var id = Guid.CreateVersion7(time).ToString();
        var certificate = _authority.IssueIdCertificate(key, id, "UCM", ["PID:UCM SN:" + serialNumber], time);
        await _database.WriteAsync(async connection =>
        {
            await connection.RunAsync(FloorStatements.RedeemToken, _token, now);
            await connection.RunAsync(
                FloorStatements.AddInstance, id, _virtualAccount, "PID:UCM SN:" + serialNumber, "UCM", serialNumber, null, null, null, null, null, serialNumber,
                "regid.2016-07.com.cisco.UnifiedCM,12.0_d4b2a1ee", "Unified Communications Manager", "1.2.3_dev/56", true, now, now, certificate.Serial);
            await connection.RunAsync(FloorStatements.AddCertificate, certificate.Serial, id, "current", _publicKey, now, now, now);
            await connection.QueryAsync(FloorStatements.FindInstance, id);
            await connection.RunAsync(
                FloorStatements.AddEvent, Guid.CreateVersion7(time).ToString(), now, "instance-registered", "info", serialNumber, _account, id,
                $"{serialNumber} was registered in 'Default' with token {_token}.", _virtualAccount);
            await connection.RunAsync(
                FloorStatements.AddAnswer, sender, nonce, hash, _masterKey.Seal($"archived-request:{sender}:{nonce}", body), "REGISTRATION", "smart-transport", "127.0.0.1", now, "OK",
                _authority.CurrentSigner.Serial, _registration.Stored, _virtualAccount, id);
        });
        _authority.CurrentSigner.Sign(_registration.Signed);
        return _registration.Answer;
    }

    private static string Serial(string instance) => "5" + instance[^18..].Replace('-', '0');

    private static string Nonce(long number) => (number + 1_000_000_000_000_000_000).ToString(CultureInfo.InvariantCulture);

    private static (byte[] Answer, byte[] Signed, string Stored) Texts(int answerBytes, int storedCharacters)
    {
        var stored = new string('x', storedCharacters);
        return (new byte[answerBytes], Encoding.UTF8.GetBytes(stored), stored);
    }

    private static void Confirm(bool verified)
    {
        if (!verified)
        {
            throw new InvalidOperationException("The floor's own signature does not verify.");
        }
    }
}
