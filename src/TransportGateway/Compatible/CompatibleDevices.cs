using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Reports;

namespace TransportGateway.Compatible;

/// <summary>Product instances, which this API calls devices.</summary>
internal static class CompatibleDevices
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(CompatibleApi.VirtualAccountPath + "/devices", ListDevicesAsync).Requires(Permission.ReadInventory);
        api.MapPost(CompatibleApi.VirtualAccountPath + "/devices/transfer", TransferDevicesAsync).Requires(Permission.ManageInstances);
        api.MapPost(CompatibleApi.VirtualAccountPath + "/devices/remove", RemoveDevicesAsync).Requires(Permission.ManageInstances);
    }

    private static async Task<IResult> ListDevicesAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, Database database, BuildReport reports, IOptions<JsonOptions> json)
    {
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var query = await LenientBody.ReadAsync(context);
        var limit = query.Number("limit") is { } asked and >= 0 ? asked : int.MaxValue;
        var offset = Math.Max(0, query.Number("offset") ?? 0);
        long total;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            total = await new Inventory(session).CountAsync(found!.Id, context.RequestAborted);
        }

        // So many stand in memory like a report, and go as bytes: what they are made of is gone before the next are read.
        return Math.Min(limit, total - offset) > ListPage.Most
            ? Results.Bytes(
                await reports.InTurnAsync(async () => JsonSerializer.SerializeToUtf8Bytes(await ListAsync(), json.Value.SerializerOptions), context.RequestAborted), "application/json; charset=utf-8")
            : Results.Json(await ListAsync());

        async Task<JsonObject> ListAsync()
        {
            await using var session = await database.ReadAsync(context.RequestAborted);
            var rows = await new Inventory(session).ListAsync(found.Id, limit, offset, context.RequestAborted);
            return Answer.Completed(new JsonObject { ["devices"] = new JsonArray([.. rows.Select(row => (JsonNode)CompatibleViews.Of(row))]), ["totalRecords"] = total });
        }
    }

    private static Task<IResult> TransferDevicesAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, TransferInstance transfer, Database database) =>
        ForEachDeviceAsync(context, account, virtualAccount, scope, database, "productInstances", async (instance, request) =>
        {
            var target = request["targetVirtualAccount"]?.ToString() ?? "";
            return await transfer.ExecuteAsync(Caller.Of(context)!, instance.Id, target, context.RequestAborted) switch
            {
                TransferInstance.Outcome.Transferred => null,
                TransferInstance.Outcome.IsRelayed relayed => $"The device is relayed: move it at {relayed.Instance.RelayedTo}.",
                TransferInstance.Outcome.NoSuchVirtualAccount => $"There is no virtual account '{target}'.",
                _ => "The device is no longer registered.",
            };
        });

    private static Task<IResult> RemoveDevicesAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, RemoveInstance remove, Database database) =>
        // The misspelling is the API's own (ssm-on-prem section 5).
        ForEachDeviceAsync(context, account, virtualAccount, scope, database, "productInstacesRemoveRequests", async (instance, _) =>
            await remove.ExecuteAsync(Caller.Of(context)!, instance.Id, context.RequestAborted) ? null : "The device is no longer registered.");

    /// <param name="work">Returns what went wrong with the device, or null.</param>
    private static async Task<IResult> ForEachDeviceAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, Database database, string list, Func<InstanceRow, JsonObject, Task<string?>> work)
    {
        const int MostDevices = 1000;
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var requests = (await LenientBody.ReadAsync(context)).Objects(list);
        if (requests.Count is 0 or > MostDevices)
        {
            return Answer.Fail(StatusCodes.Status400BadRequest, $"{list} must be a list of 1 to {MostDevices} devices.");
        }

        var results = new JsonArray();
        foreach (var element in requests)
        {
            var request = JsonObject.Create(element)!;
            var sudi = request["sudi"] as JsonObject;
            var key = InstanceRow.KeyOf(sudi?["udiPid"]?.ToString(), sudi?["udiSerialNumber"]?.ToString(), sudi?["uuid"]?.ToString());
            InstanceRow? instance = null;
            if (key is not null)
            {
                await using var session = await database.ReadAsync(context.RequestAborted);
                instance = await new Inventory(session).FindRegisteredAsync(key, context.RequestAborted);
            }

            var problem = instance is null || instance.VirtualAccountId != found!.Id ? "There is no such device in this virtual account." : await work(instance, request);
            results.Add(new JsonObject { ["sudi"] = sudi?.DeepClone(), ["status"] = problem is null ? Answer.Success : Answer.Failed, ["statusMessage"] = problem ?? "" });
        }

        return Answer.OfMany("productInstances", results, allWorked: Answer.Success, someWorked: Answer.Failed);
    }
}
