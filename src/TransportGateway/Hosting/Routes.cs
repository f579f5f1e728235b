using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Backups;
using TransportGateway.Cluster;
using TransportGateway.Compatible;
using TransportGateway.DeviceGateway;
using TransportGateway.HostTls;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Reports;
using TransportGateway.SignOn;
using TransportGateway.Support;
using TransportGateway.Upstream;
using TransportGateway.Web;
using TransportGateway.Webhooks;

namespace TransportGateway.Hosting;

/// <summary>Every route of the server, feature by feature.</summary>
internal static class Routes
{
    public static void Map(WebApplication app)
    {
        app.MapDeviceGateway();
        app.MapAccess();
        app.MapAccounts();
        app.MapHostTls();
        app.MapAccountRequests();
        app.MapLicensing();
        app.MapRegistration();
        app.MapCompatibleApi();
        app.MapSynchronization();
        app.MapRelay();
        app.MapReports();
        app.MapWebhooks();
        app.MapNotifications();
        app.MapBackups();
        app.MapSupport();
        app.MapDirectory();
        app.MapProvider();
        app.MapDatabase();
        app.MapCluster();
        app.MapOverview();
        app.MapEvents();
        app.MapMetrics();
        app.MapWeb();
        MapHealth(app);
        RoutePermissions.Verify(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints));
    }

    private static void MapHealth(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => Results.Text("alive")).OpenToAll("a load balancer asks whether the process lives").AlsoOnStandby();
        routes.MapGet("/readyz", ReadyAsync).OpenToAll("a load balancer asks whether products can be served").AlsoOnStandby();
    }

    private static async Task<IResult> ReadyAsync(Database database, NodeRole role, Drain drain, CancellationToken cancellationToken)
    {
        if (!role.IsActive)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "standby-node", "This node is on standby; the other node serves.");
        }

        if (drain.IsDraining)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "draining", "This node hands over to the other one.");
        }

        try
        {
            // Asked of the database itself: the role may have moved since the gateway looked last.
            return await database.IsWritableAsync(cancellationToken)
                ? Results.Text("ready")
                : Problem.Of(StatusCodes.Status503ServiceUnavailable, "standby-node", "This node is on standby; the other node serves.");
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException or DatabaseUnusableException)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "database-away", "The database cannot be reached.");
        }
    }
}
