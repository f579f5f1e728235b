using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Jobs;

namespace TransportGateway.Reports;

/// <summary>Reports over REST.</summary>
internal static class ReportsFeature
{
    public static IServiceCollection AddReports(this IServiceCollection services) => services.AddSingleton<BuildReport>().AddSingleton<IJob, RecordUsage>();

    public static void MapReports(this IEndpointRouteBuilder routes) => routes.MapGet("/api/v2/accounts/{account}/reports/{report}", ReportAsync).Requires(Permission.ReadInventory);

    /// <param name="format"><c>json</c>, or a file: <c>csv</c>, <c>xlsx</c>.</param>
    private static async Task<IResult> ReportAsync(
        HttpContext context, string account, string report, AccountScope scope, BuildReport build, IOptions<JsonOptions> json, string format = "json", string? virtualAccount = null)
    {
        if (format is not ("json" or ReportFile.Csv or ReportFile.Xlsx))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "format-unknown", $"There is no format '{format}'. There are json, csv and xlsx.");
        }

        var caller = Caller.Of(context)!;
        var (found, part) = virtualAccount is null
            ? (await scope.FindAsync(caller, account, context.RequestAborted), null)
            : await scope.FindAsync(caller, account, virtualAccount, context.RequestAborted);
        if (found is null || (virtualAccount is not null && part is null))
        {
            return AccountScope.NotFound(found is null ? "local account" : "local virtual account", found is null ? account : virtualAccount!);
        }

        Func<Report, byte[]> write = format == "json" ? made => JsonSerializer.SerializeToUtf8Bytes(made, json.Value.SerializerOptions) : made => ReportFile.Write(made, format);
        if (await build.ExecuteAsync(caller, found, part, report, write, context.RequestAborted) is not { } file)
        {
            return Problem.Of(StatusCodes.Status404NotFound, "no-such-report", $"There is no report '{report}'. There are: {string.Join(", ", BuildReport.Names)}.");
        }

        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return format == "json"
            ? Results.Bytes(file, "application/json; charset=utf-8")
            : Results.Bytes(file, ReportFile.TypeOf(format), $"{report}.{format}");
    }
}
