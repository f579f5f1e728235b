using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using HdrHistogram;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.SignOn;
using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>The list of 10,000 product instances in the browser: server time of a page, searched, sorted and far down; and what memory it takes.</summary>
internal sealed class PageCost(EngineKind engine, TimeProvider clock, Action<string, string, double, bool> expect)
{
    private const int Instances = 10_000;
    private const int Requests = 300;
    private const string List = "/licensing/Benchmark%20Account/Default/product-instances";

    private static readonly string[] Pages = [List, List + "?page=150", List + "?sort=-contact", List + "?search=99"];

    public async Task RunAsync()
    {
        await using var database = await BenchmarkDatabase.CreateAsync(engine);
        await database.CreateTokenAsync(clock);
        using (var key = new KeyPool(1))
        {
            await database.AddInstancesAsync(Instances, key.Keys[0].SubjectPublicKeyInfo, clock);
        }

        var session = await SignInAsync(database);
        using var gateway = await ServerProcess.StartGatewayAsync(database, clock);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Path.Combine(database.Folder, "root.pem"));
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        })
        {
            BaseAddress = gateway.Address,
        };
        http.DefaultRequestHeaders.Add("Cookie", $"{SessionCookie.Name}={session.Value}");
        await MeasureAsync(http, 20);
        var before = gateway.ResidentMegabytes;
        var milliseconds = await MeasureAsync(http, Requests);
        Console.WriteLine($"  page of {Instances} product instances: ms at the median {milliseconds.GetValueAtPercentile(50) / 1000.0:0.0}, at 95 % {milliseconds.GetValueAtPercentile(95) / 1000.0:0.0}");
        expect($"{engine}: ms of a page of {Instances} product instances at 95 %", "< 200", milliseconds.GetValueAtPercentile(95) / 1000.0, milliseconds.GetValueAtPercentile(95) < 200_000);
        expect($"{engine}: MB more after {Requests} such pages", "< 40", gateway.ResidentMegabytes - before, gateway.ResidentMegabytes - before < 40);
    }

    private static async Task<LongHistogram> MeasureAsync(HttpClient http, int requests)
    {
        var microseconds = new LongHistogram(60_000_000, 3);
        for (var request = 0; request < requests; request++)
        {
            var since = System.Diagnostics.Stopwatch.GetTimestamp();
            using var answer = await http.GetAsync(Pages[request % Pages.Length]);
            await answer.Content.ReadAsByteArrayAsync();
            microseconds.RecordValue((long)System.Diagnostics.Stopwatch.GetElapsedTime(since).TotalMicroseconds);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                throw new InvalidOperationException($"The page answered {answer.StatusCode}.");
            }
        }

        return microseconds;
    }

    private async Task<Secret> SignInAsync(BenchmarkDatabase database)
    {
        await using var opened = BenchmarkDatabase.Open(engine, database.Folder, database.ConnectionString, clock);
        using var masterKey = MasterKey.LoadOrCreate(Path.Combine(database.Folder, "master.key"));
        var created = (CreateUser.Outcome.Created)await new CreateUser(opened, clock).ExecuteAsync(
            new CreateUser.Request(Caller.Local("benchmark"), "benchmark", Roles.SystemAdministrator, new Secret("Correct-Horse-7"), PasswordMustChange: false), CancellationToken.None);
        using var ldap = new LdapDirectory(database.Folder);
        var elsewhere = new DirectoryPasswords(ldap, new AdmitPerson(opened, clock), opened, masterKey, clock);
        var check = new CheckPassword(opened, elsewhere, clock);
        var signedIn = (SignIn.Outcome.SignedIn)await new SignIn(opened, check, new SecondFactor(opened, masterKey, clock), clock).OpenAsync(created.User, complete: true, "127.0.0.1", "benchmark", CancellationToken.None);
        return signedIn.Session;
    }
}
