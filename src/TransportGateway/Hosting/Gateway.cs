using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Authority;
using TransportGateway.Backups;
using TransportGateway.Cluster;
using TransportGateway.DeviceGateway;
using TransportGateway.HostTls;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Licensing;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;
using TransportGateway.Reports;
using TransportGateway.SignOn;
using TransportGateway.Support;
using TransportGateway.Upstream;
using TransportGateway.Web;
using TransportGateway.Webhooks;

namespace TransportGateway.Hosting;

/// <summary>The whole server, put together from its settings.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DataDirectory _directory;

    private Gateway(WebApplication app, DataDirectory directory)
    {
        _app = app;
        _directory = directory;
    }

    public IServiceProvider Services => _app.Services;

    public DataDirectory Directory => _directory;

    /// <summary>Where it listens, once started: <c>https://[::]:8443</c> and the like.</summary>
    public IReadOnlyCollection<string> Addresses => [.. Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>The common name of the certificate that products get.</summary>
    public string HostName => Services.GetRequiredService<HostCertificate>().Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    /// <summary>Whether this node serves, or stands by for the other one.</summary>
    public bool IsActive => Services.GetRequiredService<NodeRole>().IsActive;

    /// <summary>The code for the first administrator; null when it was used already.</summary>
    public Secret? SetupCode { get; private set; }

    /// <summary>Opens the database, makes or renews the certificates, and starts to listen.</summary>
    /// <exception cref="DatabaseUnusableException">The data directory, the database or the master key cannot be used.</exception>
    public static async Task<Gateway> StartAsync(GatewaySettings settings, TimeProvider clock, Action<ILoggingBuilder>? logging = null, Func<RSA>? newKey = null)
    {
        var directory = DataDirectory.Open(settings.Text("data-directory"));
        WebApplication? app = null;
        try
        {
            var keys = new KeySource(newKey);
            if (directory.IsNew)
            {
                keys.MakeAhead();
            }

            app = Build(settings, directory, clock, logging, keys);
            var gateway = new Gateway(app, directory);
            await gateway.PrepareAsync();
            await app.StartAsync();
            return gateway;
        }
        catch
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            directory.Dispose();
            throw;
        }
    }

    /// <returns>Whether the gateway wants to be started again.</returns>
    public async Task<bool> WaitForShutdownAsync()
    {
        await _app.WaitForShutdownAsync();
        return Services.GetRequiredService<Restart>().IsWanted;
    }

    /// <summary>Stops accepting, lets requests in flight finish, then returns.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _directory.Dispose();
    }

    private async Task PrepareAsync()
    {
        var backups = Services.GetRequiredService<BackupFolder>();
        backups.Sweep();
        await backups.SettleMasterKeyAsync(Services.GetRequiredService<Database>(), CancellationToken.None);
        await Services.GetRequiredService<RoleWatch>().BeginAsync(CancellationToken.None);
        if (IsActive)
        {
            SetupCode = await Services.GetRequiredService<SetUpGateway>().RenewCodeAsync(CancellationToken.None);
        }
    }

    private static WebApplication Build(GatewaySettings settings, DataDirectory directory, TimeProvider clock, Action<ILoggingBuilder>? logging, KeySource keys)
    {
        // Settings come from GatewaySettings alone. The other builders read files of the folder that the process was started in, and watch all
        // folders below it: started by systemd that is the whole machine.
        // The pages are in this assembly, whichever program it is part of.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = directory.Path, ApplicationName = typeof(Gateway).Assembly.GetName().Name });
        Logging.Configure(builder.Logging, settings);
        logging?.Invoke(builder.Logging);
        builder.Services.AddRouting();
        builder.Services.AddSystemd();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(settings.Number("stop-seconds")));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, settings, directory));
        AddServices(builder.Services, settings, directory, clock, keys);

        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(app.Services.GetRequiredService<PageEndpoints>().MakeWhenAskedForAsync);
        app.UseRouting();
        app.UseMiddleware<BodyInTime>();
        app.UseMiddleware<DrainGate>();
        app.UseMiddleware<StandbyGate>();
        app.UseMiddleware<CallerMiddleware>();
        app.UseMiddleware<Editing>();
        app.UseMiddleware<Idempotency>();
        app.UseRateLimiter();
        app.Use(Nowhere.AnswerAsync);
        Routes.Map(app);
        return app;
    }

    private static void AddServices(IServiceCollection services, GatewaySettings settings, DataDirectory directory, TimeProvider clock, KeySource keys)
    {
        services.TryAddSingleton(ClusterFiles.Installed);
        services
            .AddSingleton(settings)
            .AddSingleton(clock)
            .AddSingleton<Database>(_ => settings.Text("database") == "sqlite"
                ? new SqliteDatabase(directory.Database, clock)
                : new PostgreSqlDatabase(settings.Text("postgresql-connection"), clock))
            .AddSingleton(_ => MasterKey.LoadOrCreate(directory.MasterKey))
            .AddSingleton(new AuthorityOptions(settings.Text("organization")) { Keys = keys })
            .AddSingleton<CertificateAuthority>()
            .AddSingleton(new Uptime(clock))
            .AddSingleton(new MachineMonitor(directory.Path, clock))
            .AddSingleton(settings.Listeners())
            .AddSingleton<NetworkFacts>()
            .AddSingleton<MachineClock>()
            .AddSingleton<NodeRole>()
            .AddSingleton<Drain>()
            .AddSingleton<ClusterSnapshot>()
            .AddSingleton<SwitchoverRequest>()
            .AddSingleton<AskForSwitchover>()
            .AddSingleton<HaStatus>()
            .AddSingleton<IJob, ClusterWatch>()
            .AddSingleton(directory)
            .AddSingleton<RoleWatch>()
            .AddSingleton<MoveDatabase>()
            .AddHostedService(provider => provider.GetRequiredService<RoleWatch>())
            .AddAccess()
            .AddAccounts()
            .AddHostTls(settings.HostTls())
            .AddLicensing()
            .AddRegistration()
            .AddSynchronization(directory.Path)
            .AddRelay()
            .AddSignOn(directory.Path)
            .AddReports()
            .AddWebhooks()
            .AddNotifications()
            .AddBackups(new BackupFolder(settings.Text("backup-directory") is { Length: > 0 } chosen ? Path.GetFullPath(chosen) : Path.Combine(directory.Path, "backups"), directory.MasterKey))
            .AddSupport(settings.ForSupport())
            .AddWeb()
            .AddDeviceGateway(new RegistrationGateOptions(settings.Number("registrations-at-a-time"), settings.Number("registrations-in-line")))
            .AddSingleton<IJob, Housekeeping>()
            .AddSingleton<IJob, CertificateUpkeep>()
            .AddHostedService<JobRunner>()
            .AddRateLimiter(limiter => SourceLimits.Apply(limiter, settings.Number("source-burst"), settings.Number("source-rate")))
            .AddSingleton(RequestTypeNames.With(settings.List("request-type-aliases")))
            .AddSingleton(ProductTypes.With(settings.List("product-types")))
            .AddSingleton(new RequestTime(settings.Number("request-seconds")))
            .AddProblemDetails(problems => problems.CustomizeProblemDetails = Problem.Complete)
            .AddExceptionHandler<UnreadableRequests>()
            .AddExceptionHandler<WhileDatabaseIsAway>()
            .AddExceptionHandler<ErrorFormHandler>()
            .Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true)
            .ConfigureHttpJsonOptions(json =>
            {
                json.SerializerOptions.RespectNullableAnnotations = true;
                json.SerializerOptions.RespectRequiredConstructorParameters = true;
                json.SerializerOptions.AllowDuplicateProperties = false;
                json.SerializerOptions.Converters.Add(new TextConverter());
            });
    }

    private static void Listen(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel, GatewaySettings settings, DataDirectory directory)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = settings.Number("max-body-bytes");
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(settings.Number("request-seconds"));
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        kestrel.Limits.MaxConcurrentConnections = 20_000;
        var drain = kestrel.ApplicationServices.GetRequiredService<Drain>();
        foreach (var endPoint in settings.EndPoints("listen-https"))
        {
            kestrel.Listen(endPoint, listen =>
            {
                listen.Use(next => connection => drain.WatchAsync(connection, next));
                listen.UseTlsForProducts();
            });
        }

        foreach (var endPoint in settings.EndPoints("listen-admin"))
        {
            kestrel.Listen(endPoint, listen => listen.UseTlsForBrowsers());
        }

        foreach (var endPoint in settings.EndPoints("listen-http"))
        {
            kestrel.Listen(endPoint);
        }

        File.Delete(directory.ControlSocket);
        kestrel.ListenUnixSocket(directory.ControlSocket);
    }

    /// <summary>SHA-256 of the trust anchor, as browsers and openssl print it.</summary>
    public string Fingerprint =>
        string.Join(':', SHA256.HashData(Services.GetRequiredService<CertificateAuthority>().Root.RawData).Select(part => part.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));
}
