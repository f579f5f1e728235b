using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl token</c>.</summary>
internal static class TokenCommands
{
    public static Command Create(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var virtualAccount = CommandContext.VirtualAccountOption();
        account.Recursive = virtualAccount.Recursive = true;

        var description = new Option<string>("--description") { Description = "what the token is for", DefaultValueFactory = _ => "" };
        var days = new Option<int>("--days") { Description = "days until it expires", DefaultValueFactory = _ => 30 };
        var uses = new Option<long?>("--max-uses") { Description = "how many registrations it is good for; any number when left out" };
        var export = new Option<bool>("--export-controlled") { Description = "allow export-controlled functionality on products that register with it" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "print the token's text alone" };
        var create = new Command("create", "Creates a registration token and shows its text.") { description, days, uses, export, quiet };
        context.Run(create, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(
                await PathAsync(parsed, api, cancellationToken),
                new
                {
                    description = parsed.GetValue(description),
                    expiresAfterDays = parsed.GetValue(days),
                    maxUses = parsed.GetValue(uses),
                    exportControlled = parsed.GetValue(export),
                },
                cancellationToken),
            answer =>
            {
                if (!parsed.GetValue(quiet))
                {
                    context.Errors.WriteLine($"Registration token {Tables.Text(answer, "id")}, expires {Tables.Instant("expiresAt")(answer)} UTC:");
                }

                context.Output.WriteLine(Tables.Text(answer, "text"));
            }));

        var texts = new Option<bool>("--show-text") { Description = "show the texts too; this is entered in the event log" };
        var list = new Command("list", "Lists the registration tokens that were not revoked.") { texts };
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync(await PathAsync(parsed, api, cancellationToken) + (parsed.GetValue(texts) ? "?withText=true" : ""), cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                [
                    ("Id", Tables.Field("id")),
                    ("Expiration Date (UTC)", Tables.Instant("expiresAt")),
                    ("Uses", row => $"{Tables.Text(row, "uses")} of {(row["maxUses"] is { } most ? most.ToString() : "any")}"),
                    ("Export-Controlled", row => Tables.Text(row, "exportControlled") == "true" ? "Allowed" : "Not Allowed"),
                    ("Description", Tables.Field("description")),
                    ("Created By", Tables.Field("createdBy")),
                    ("State", Tables.Field("state")),
                    .. parsed.GetValue(texts) ? new (string, Func<JsonNode, string>)[] { ("Token", Tables.Field("text")) } : [],
                ])));

        var id = new Argument<string>("id") { Description = "the token's id, as token list shows it" };
        var yes = CommandContext.YesOption();
        var revoke = new Command("revoke", "Revokes a registration token; products that registered with it stay registered.") { id, yes };
        context.Run(revoke, async (parsed, api, cancellationToken) =>
        {
            var path = $"{await PathAsync(parsed, api, cancellationToken)}/{Uri.EscapeDataString(parsed.GetValue(id)!)}";
            await context.ConfirmAsync(parsed, yes, $"Revoke registration token {parsed.GetValue(id)}? No more products can register with it.", cancellationToken);
            await api.DeleteAsync(path, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "revoked", ["id"] = parsed.GetValue(id) }, $"Registration token {parsed.GetValue(id)} was revoked.");
        });
        return new Command("token", "Registration tokens.") { account, virtualAccount, create, list, revoke };

        async Task<string> PathAsync(ParseResult parsed, ApiClient api, CancellationToken cancellationToken) =>
            await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken) + "/tokens";
    }
}
