using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Compatible;

/// <summary>Licences.</summary>
internal static class CompatibleLicenses
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/accounts/{account}/licenses", ListLicensesAsync).Requires(Permission.ReadInventory);
    }

    private static async Task<IResult> ListLicensesAsync(HttpContext context, string account, AccountScope scope, ListLicenses list, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return Answer.NoAccount(account);
        }

        var body = await LenientBody.ReadAsync(context);
        IReadOnlyList<VirtualAccountRow> virtualAccounts;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            virtualAccounts = await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted);
        }

        if (body.Texts("virtualAccounts") is { Count: > 0 } wanted)
        {
            var keys = wanted.Select(Names.Key).ToHashSet();
            if (wanted.FirstOrDefault(name => !virtualAccounts.Any(entry => Names.Key(entry.Name) == Names.Key(name))) is { } unknown)
            {
                return Answer.Fail(StatusCodes.Status404NotFound, $"There is no virtual account '{unknown}'.");
            }

            virtualAccounts = [.. virtualAccounts.Where(entry => keys.Contains(Names.Key(entry.Name)))];
        }

        var licenses = new List<JsonNode>();
        foreach (var virtualAccount in virtualAccounts)
        {
            licenses.AddRange((await list.ExecuteAsync(found.Id, virtualAccount.Id, context.RequestAborted)).Select(license => CompatibleViews.Of(license, virtualAccount)));
        }

        return Answer.Done(new JsonObject { ["licenses"] = new JsonArray([.. Answer.Page(licenses, body)]), ["totalRecords"] = licenses.Count });
    }
}
