using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Registration;

namespace TransportGateway.Compatible;

/// <summary>Registration tokens.</summary>
internal static class CompatibleTokens
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(CompatibleApi.VirtualAccountPath + "/tokens", ListTokensAsync).Requires(Permission.ReadTokenText);
        api.MapPost(CompatibleApi.VirtualAccountPath + "/tokens", CreateTokenAsync).Requires(Permission.ManageTokens);
        api.MapPost(CompatibleApi.VirtualAccountPath + "/tokens/revoke", RevokeTokensAsync).Requires(Permission.ManageTokens);
    }

    private static async Task<IResult> ListTokensAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, ReadTokens read, TimeProvider clock)
    {
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        // Clients take the first token of the list, so only tokens that work are in it.
        var tokens = (await read.ExecuteAsync(Caller.Of(context)!, found!, withTexts: true, context.RequestAborted))
            .Where(listed => listed.Token.RefusalAt(clock.GetUtcNow()) is null)
            .Select(listed => (JsonNode)CompatibleViews.Of(listed.Token, listed.Text!));
        return Answer.Done(new JsonObject { ["tokens"] = new JsonArray([.. tokens]) });
    }

    private static async Task<IResult> CreateTokenAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, CreateToken create)
    {
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var body = await LenientBody.ReadAsync(context);
        if (body.Text("exportControlled") is { Length: > 0 } export && export is not ("Allowed" or "Not Allowed"))
        {
            return Answer.Fail(StatusCodes.Status400BadRequest, "exportControlled must be 'Allowed' or 'Not Allowed'.");
        }

        var outcome = await create.ExecuteAsync(
            new CreateToken.Request(
                Caller.Of(context)!,
                found!,
                body.Text("description") ?? "",
                body.Number("expiresAfterDays") ?? CreateToken.ProposedDays,
                body.Text("exportControlled") == "Allowed",
                body.Number("numberofUses")),
            context.RequestAborted);
        return outcome switch
        {
            CreateToken.Outcome.Created created => Answer.Done(new JsonObject { ["tokenInfo"] = CompatibleViews.Of(created.Token, created.Text) }),
            CreateToken.Outcome.Invalid invalid => Answer.Fail(StatusCodes.Status400BadRequest, invalid.Reason),
            CreateToken.Outcome.AccountNotActive inactive => Answer.Fail(StatusCodes.Status409Conflict, inactive.Reason),
            CreateToken.Outcome.NoSuchVirtualAccount => Answer.NoVirtualAccount(virtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> RevokeTokensAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, RevokeToken revoke)
    {
        const int MostTokens = 1000;
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var texts = (await LenientBody.ReadAsync(context)).Texts("tokens");
        if (texts is null or { Count: 0 or > MostTokens })
        {
            return Answer.Fail(StatusCodes.Status400BadRequest, $"tokens must be a list of 1 to {MostTokens} token texts.");
        }

        var results = new JsonArray();
        foreach (var text in texts)
        {
            var revoked = await revoke.ExecuteAsync(Caller.Of(context)!, found!, text, context.RequestAborted) == RevokeToken.Outcome.Revoked;
            results.Add(new JsonObject
            {
                ["token"] = text,
                ["status"] = revoked ? Answer.Success : Answer.Failed,
                ["statusMessage"] = revoked ? "The token was revoked." : "There is no such token here, or it was revoked before.",
            });
        }

        return Answer.OfMany("tokens", results, allWorked: Answer.Complete, someWorked: Answer.Complete);
    }
}
