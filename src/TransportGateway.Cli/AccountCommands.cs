using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl account</c>.</summary>
internal static class AccountCommands
{
    private const string Accounts = "/api/v2/accounts";
    private const string Requests = "/api/v2/account-requests";

    public static Command Create(CommandContext context) => new("account", "Local accounts and the requests for them.")
    {
        List(context),
        Show(context),
        CreateLocal(context),
        Ask(context),
        ListRequests(context),
        Change(context, "approve", "Approves the request for a local account. It awaits its registration with Software Central then."),
        Reject(context),
        Change(context, "activate", "Lets an inactive account hand out work again."),
        Change(context, "deactivate", "Lets an account hand out no more work; products that are registered are served as before.", "Let local account '{0}' hand out no more work? No product can register in it then."),
        Change(context, "register-again", "Sends an account to Software Central once more; it hands out no work until it is authorised."),
        Delete(context),
        PreferenceCommands.Create(context),
        AccountRegistrationCommands.Register(context),
        AccountRegistrationCommands.SaveFile(context),
        AccountRegistrationCommands.LoadFile(context),
    };

    private static Command List(CommandContext context)
    {
        var list = new Command("list", "Lists the local accounts.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed, await api.ListAsync(Accounts, cancellationToken), answer => PrintAccounts(context, answer)));
        return list;
    }

    private static Command ListRequests(CommandContext context)
    {
        var requests = new Command("requests", "Lists the requests for local accounts that are pending or were rejected.");
        context.Run(requests, async (parsed, api, cancellationToken) => context.Print(
            parsed, await api.ListAsync(Requests, cancellationToken), answer => PrintAccounts(context, answer, ("Requested (UTC)", Tables.Instant("createdAt")))));
        return requests;
    }

    private static void PrintAccounts(CommandContext context, JsonNode answer, params (string Heading, Func<JsonNode, string> Cell)[] more) => Tables.Print(
        context.Output,
        answer.AsArray(),
        "Showing All {0} Records",
        [
            ("Account", Tables.Field("name")),
            ("Requested By", Tables.Field("createdBy")),
            ("Cisco Smart Account", row => row["smartAccount"] is null ? "none (local only)" : Tables.Text(row, "smartAccount")),
            ("Cisco Virtual Account", Tables.Field("cloudVirtualAccount")),
            ("Account Status", Tables.Field("statusText")),
            .. more,
        ]);

    private static Command Show(CommandContext context)
    {
        var name = Name();
        var show = new Command("show", "Shows a local account or the request for one.") { name };
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(Path(parsed, name), cancellationToken), answer =>
        {
            foreach (var (label, value) in new (string, string)[]
            {
                ("Account", Tables.Text(answer, "name")),
                ("Status", Tables.Text(answer, "statusText")),
                ("Cisco Smart Account", Tables.Text(answer, "smartAccount")),
                ("Cisco Virtual Account", Tables.Text(answer, "cloudVirtualAccount")),
                ("E-mail", Tables.Text(answer, "notificationEmail")),
                ("Synchronisation", Tables.Text(answer, "synchronizationNeeded") == "true" ? "needed" : ""),
                ("Tenant id", Tables.Text(answer, "tenantId")),
                ("Requested by", Tables.Text(answer, "createdBy")),
                ("Requested (UTC)", Tables.Instant("createdAt")(answer)),
                ("Id", Tables.Text(answer, "id")),
            })
            {
                context.Output.WriteLine($"{label,-24}{value}".TrimEnd());
            }
        }));
        return show;
    }

    private static Command CreateLocal(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "what products will show as their Smart Account" };
        var create = new Command("create", "Creates a local account that is active at once and never synchronises; for one with a Smart Account see request.") { name };
        context.Run(create, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(Accounts, new { name = parsed.GetValue(name) }, cancellationToken),
            answer => context.Output.WriteLine($"Local account '{Tables.Text(answer, "name")}' was created. Next: tgctl token create")));
        return create;
    }

    private static Command Ask(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "Local Account Name: what products will show as their Smart Account" };
        var smartAccount = new Option<string>("--smart-account") { Description = "Cisco Smart Account, as it is written at Cisco", Required = true };
        var virtualAccount = new Option<string>("--virtual-account") { Description = "Cisco Virtual Account that this local account alone stands for", Required = true };
        var email = new Option<string>("--email") { Description = "e-mail for notification", Required = true };
        var request = new Command("request", "Asks for a local account with a Smart Account; an administrator approves or rejects it.") { name, smartAccount, virtualAccount, email };
        context.Run(request, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(
                Requests,
                new
                {
                    name = parsed.GetValue(name),
                    smartAccount = parsed.GetValue(smartAccount),
                    cloudVirtualAccount = parsed.GetValue(virtualAccount),
                    notificationEmail = parsed.GetValue(email),
                },
                cancellationToken),
            answer => context.Output.WriteLine(
                $"Local account '{Tables.Text(answer, "name")}' was requested. An administrator decides: tgctl account approve '{Tables.Text(answer, "name")}'")));
        return request;
    }

    private static Command Reject(CommandContext context)
    {
        var name = Name();
        var reason = new Option<string>("--reason") { Description = "why; the one who asked reads it", Required = true };
        var yes = CommandContext.YesOption();
        var reject = new Command("reject", "Rejects the request for a local account. It can be requested again.") { name, reason, yes };
        context.Run(reject, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Reject the request for local account '{parsed.GetValue(name)}'?", cancellationToken);
            PrintStatus(context, parsed, await api.PostAsync(Path(parsed, name) + "/reject", new { reason = parsed.GetValue(reason) }, cancellationToken));
        });
        return reject;
    }

    /// <summary>A command whose name is also the last part of its path.</summary>
    /// <param name="question">What is asked before it is done; null for what does no harm.</param>
    private static Command Change(CommandContext context, string verb, string description, string? question = null)
    {
        var name = Name();
        var yes = CommandContext.YesOption();
        var change = new Command(verb, description) { name };
        if (question is not null)
        {
            change.Options.Add(yes);
        }

        context.Run(change, async (parsed, api, cancellationToken) =>
        {
            if (question is not null)
            {
                await context.ConfirmAsync(parsed, yes, string.Format(System.Globalization.CultureInfo.InvariantCulture, question, parsed.GetValue(name)), cancellationToken);
            }

            PrintStatus(context, parsed, await api.PostAsync($"{Path(parsed, name)}/{verb}", new { }, cancellationToken));
        });
        return change;
    }

    private static Command Delete(CommandContext context)
    {
        var name = Name();
        var yes = CommandContext.YesOption();
        var delete = new Command("delete", "Deletes a local account or the request for one; refused with the list of what is still in use.") { name, yes };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            var account = parsed.GetValue(name);
            await context.ConfirmAsync(parsed, yes, $"Delete local account '{account}' with its registration tokens and API clients? The event log stays.", cancellationToken);
            await api.DeleteAsync(Path(parsed, name), cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "deleted", ["name"] = account }, $"Local account '{account}' was deleted.");
        });
        return delete;
    }

    private static void PrintStatus(CommandContext context, ParseResult parsed, JsonNode account) => context.Print(
        parsed, account, answer => context.Output.WriteLine($"Local account '{Tables.Text(answer, "name")}': {Tables.Text(answer, "statusText")}"));

    private static Argument<string> Name() => new("name") { Description = "name of the local account" };

    private static string Path(ParseResult parsed, Argument<string> name) => $"{Accounts}/{Uri.EscapeDataString(parsed.GetValue(name)!)}";
}
