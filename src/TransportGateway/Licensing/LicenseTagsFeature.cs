using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>The license tags of an account over REST.</summary>
internal static class LicenseTagsFeature
{
    public static void MapLicenseTags(this IEndpointRouteBuilder routes)
    {
        const string Path = "/api/v2/accounts/{account}/license-tags";
        routes.MapGet(Path, ListAsync).Requires(Permission.ReadInventory);
        routes.MapPost(Path, CreateAsync).Requires(Permission.ManageLicenses).TakesIdempotencyKey();
        routes.MapPatch(Path + "/{tag}", RenameAsync).Requires(Permission.ManageLicenses);
        routes.MapDelete(Path + "/{tag}", DeleteAsync).Requires(Permission.ManageLicenses);
        routes.MapPost(Path + "/{tag}/assign", AssignAsync).Requires(Permission.ManageLicenses);
        routes.MapPost(Path + "/{tag}/unassign", UnassignAsync).Requires(Permission.ManageLicenses);
    }

    private static async Task<IResult> ListAsync(HttpContext context, string account, AccountScope scope, Database database, ListPage page)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return AccountScope.NotFound("local account", account);
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(page.Of(await ViewsAsync(session, found.Id, context.RequestAborted), view => Names.Key(view.Name)));
    }

    private static Task<IResult> CreateAsync(HttpContext context, string account, NameRequest request, AccountScope scope, ChangeLicenseTags change, Database database) =>
        DoAsync(context, account, request.Name, scope, database, (caller, found) => change.CreateAsync(caller, found, request.Name, context.RequestAborted));

    private static Task<IResult> RenameAsync(HttpContext context, string account, string tag, NameRequest request, AccountScope scope, ChangeLicenseTags change, Database database) =>
        DoAsync(context, account, tag, scope, database, (caller, found) => change.RenameAsync(caller, found, tag, request.Name, context.RequestAborted));

    private static async Task<IResult> DeleteAsync(HttpContext context, string account, string tag, AccountScope scope, ChangeLicenseTags change)
    {
        var caller = Caller.Of(context)!;
        return await scope.FindWholeAsync(caller, account, context.RequestAborted) is not { } found ? AccountScope.NotFound("local account", account)
            : await change.DeleteAsync(caller, found, tag, context.RequestAborted) is ChangeLicenseTags.Outcome.Done ? Results.NoContent()
            : NoSuchTag(tag);
    }

    private static Task<IResult> AssignAsync(HttpContext context, string account, string tag, LicensesRequest request, AccountScope scope, ChangeLicenseTags change, Database database) =>
        DoAsync(context, account, tag, scope, database, (caller, found) => change.AssignAsync(caller, found, tag, request.Licenses, context.RequestAborted));

    private static Task<IResult> UnassignAsync(HttpContext context, string account, string tag, LicensesRequest request, AccountScope scope, ChangeLicenseTags change, Database database) =>
        DoAsync(context, account, tag, scope, database, (caller, found) => change.TakeOffAsync(caller, found, tag, request.Licenses, context.RequestAborted));

    /// <summary>Answers with the tag as it is afterwards.</summary>
    private static async Task<IResult> DoAsync(
        HttpContext context, string account, string tag, AccountScope scope, Database database, Func<Caller, LocalAccountRow, Task<ChangeLicenseTags.Outcome>> work)
    {
        var caller = Caller.Of(context)!;
        if (await scope.FindWholeAsync(caller, account, context.RequestAborted) is not { } found)
        {
            return AccountScope.NotFound("local account", account);
        }

        switch (await work(caller, found))
        {
            case ChangeLicenseTags.Outcome.Done done:
                await using (var session = await database.ReadAsync(context.RequestAborted))
                {
                    // Gone already when somebody deleted it meanwhile.
                    return (await ViewsAsync(session, found.Id, context.RequestAborted)).FirstOrDefault(view => view.Id == done.Tag.Id) is { } view ? Results.Json(view) : NoSuchTag(tag);
                }

            case ChangeLicenseTags.Outcome.Invalid(var reason):
                return Problem.Of(StatusCodes.Status400BadRequest, "license-tag-invalid", reason);
            case ChangeLicenseTags.Outcome.NameTaken(var reason):
                return Problem.Of(StatusCodes.Status409Conflict, "name-taken", reason);
            case ChangeLicenseTags.Outcome.NoSuchLicense(var reason):
                return Problem.Of(StatusCodes.Status404NotFound, "no-such-license", reason);
            case ChangeLicenseTags.Outcome.NoSuchTag:
                return NoSuchTag(tag);
            case var other:
                throw new InvalidOperationException(other.GetType().Name);
        }
    }

    private static async Task<IReadOnlyList<TagView>> ViewsAsync(DbSession session, string accountId, CancellationToken cancellationToken)
    {
        var facts = await new Entitlements(session).FactsAsync(accountId, cancellationToken);
        var tags = new LicenseTags(session);
        var assigned = (await tags.AssignmentsAsync(accountId, cancellationToken)).ToLookup(assignment => assignment.LicenseTagId, StringComparer.Ordinal);
        return [.. (await tags.ListAsync(accountId, cancellationToken)).Select(tag => new TagView(
            tag.Id,
            tag.Name,
            tag.CreatedBy,
            tag.CreatedAt,
            [.. assigned[tag.Id].Select(assignment => new TaggedView(Catalogue.NameOf(assignment.EntitlementTag, facts).DisplayName, assignment.EntitlementTag)).OrderBy(view => view.License, StringComparer.OrdinalIgnoreCase)]))];
    }

    private static IResult NoSuchTag(string tag) =>
        Problem.Of(StatusCodes.Status404NotFound, "no-such-license-tag", $"There is no license tag '{tag}' in this account. 'tgctl license tag list' shows them.");

    internal sealed record NameRequest(string Name);

    /// <param name="Licenses">Names as the licence table shows them, or entitlement tags.</param>
    internal sealed record LicensesRequest(string[] Licenses);

    private sealed record TagView(string Id, string Name, string CreatedBy, DateTimeOffset CreatedAt, TaggedView[] Licenses);

    /// <param name="Tag">The entitlement tag.</param>
    private sealed record TaggedView(string License, string Tag);
}
