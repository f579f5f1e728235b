using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl user</c> and <c>tgctl session</c>.</summary>
internal static class UserCommands
{
    public static Command Users(CommandContext context) =>
        new("user", "People who sign in with a browser.")
        {
            List(context), Show(context), Create(context), Change(context), Disable(context, disabled: true), Disable(context, disabled: false), Remove(context), ResetPassword(context), ResetSecondFactor(context), Role(context),
        };

    public static Command Sessions(CommandContext context)
    {
        var list = new Command("list", "Lists the browsers that are signed in.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync("/api/v2/sessions", cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("User", Tables.Field("user")),
                ("Signed in (UTC)", Tables.Instant("signedInAt")),
                ("Last used (UTC)", Tables.Instant("lastUsedAt")),
                ("Address", Tables.Field("source")),
                ("Id", Tables.Field("id")))));

        var id = new Argument<string>("id") { Description = "the session's id, as session list shows it" };
        var yes = CommandContext.YesOption();
        var end = new Command("end", "Signs a browser out.") { id, yes };
        context.Run(end, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Sign the browser of session {parsed.GetValue(id)} out? What somebody is typing there is lost.", cancellationToken);
            await api.DeleteAsync($"/api/v2/sessions/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "ended", ["id"] = parsed.GetValue(id) }, "The session was ended.");
        });
        return new Command("session", "Browsers that are signed in.") { list, end };
    }

    private static Command List(CommandContext context)
    {
        var list = new Command("list", "Lists the users.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync("/api/v2/users", cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("Name", Tables.Field("name")),
                ("E-mail", Tables.Field("email")),
                ("System Role", Tables.Field("systemRole")),
                ("Status", Tables.Field("status")),
                ("Second Factor", row => Tables.Text(row, "secondFactor") == "true" ? "yes" : ""),
                ("Last Sign-in (UTC)", Tables.Instant("lastSignInAt")))));
        return list;
    }

    private static Command Show(CommandContext context)
    {
        var name = Name();
        var show = new Command("show", "Shows a user with the roles in accounts.") { name };
        context.Run(show, async (parsed, api, cancellationToken) =>
        {
            var user = await api.GetAsync(Path(parsed.GetValue(name)!), cancellationToken);
            var accounts = user["accountRoles"]!.AsArray().Count == 0 || context.Connection.Json(parsed)
                ? []
                : (await api.ListAsync("/api/v2/accounts", cancellationToken)).ToDictionary(account => Tables.Text(account!, "id"), account => Tables.Text(account!, "name"));
            context.Print(parsed, user, answer =>
            {
                Tables.PrintLines(
                    context.Output,
                    [
                        ("Name", Tables.Text(answer, "name")),
                        ("First name", Tables.Text(answer, "firstName")),
                        ("Last name", Tables.Text(answer, "lastName")),
                        ("E-mail", Tables.Text(answer, "email")),
                        ("System role", Tables.Text(answer, "systemRole")),
                        ("Status", Tables.Text(answer, "status")),
                        ("Password kept by", Tables.Text(answer, "origin") switch { "local" => "this gateway", "ldap" => "the directory", _ => "the identity provider" }),
                        ("Second factor", Tables.Text(answer, "secondFactor") == "true" ? "yes" : "no"),
                        ("Language", Tables.Text(answer, "language") is { Length: > 0 } language ? language : "the browser's"),
                        ("Last sign-in (UTC)", Tables.Instant("lastSignInAt")(answer)),
                        ("Created by", Tables.Text(answer, "createdBy")),
                    ]);
                Tables.Print(
                    context.Output,
                    answer["accountRoles"]!.AsArray(),
                    "{0} role(s) in accounts",
                    ("Account", row => accounts.GetValueOrDefault(Tables.Text(row, "accountId"), Tables.Text(row, "accountId"))),
                    ("Role", Tables.Field("role")),
                    ("Virtual account id", Tables.Field("virtualAccountId")));
            });
        });
        return show;
    }

    private static Command Create(CommandContext context)
    {
        var name = Name();
        var role = new Option<string>("--role") { Description = "administrator, operator or user", DefaultValueFactory = _ => "user" };
        var person = new PersonOptions();
        var create = new Command("create", "Creates a user and shows a one-time code with which the person sets a password, this once.") { name, role };
        person.AddTo(create);
        context.Run(create, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync("/api/v2/users", person.Body(parsed, ("name", parsed.GetValue(name)), ("systemRole", parsed.GetValue(role))), cancellationToken),
            answer => PrintCode(context, parsed.GetValue(name)!, answer)));
        return create;
    }

    private static Command Change(CommandContext context)
    {
        var name = Name();
        var role = new Option<string?>("--role") { Description = "administrator, operator or user" };
        var person = new PersonOptions();
        var change = new Command("change", "Changes a user's role, names, e-mail address or language.") { name, role };
        person.AddTo(change);
        context.Run(change, async (parsed, api, cancellationToken) =>
        {
            await api.PatchAsync(Path(parsed.GetValue(name)!), person.Body(parsed, ("systemRole", parsed.GetValue(role))), cancellationToken);
            context.Tell(parsed, Result("changed", parsed.GetValue(name)!), $"User {parsed.GetValue(name)} was changed.");
        });
        return change;
    }

    private static Command Disable(CommandContext context, bool disabled)
    {
        var name = Name();
        var yes = CommandContext.YesOption();
        var command = disabled ? new Command("disable", "Keeps a user from signing in; sessions end at once.") { name, yes } : new Command("enable", "Lets a user sign in again; also takes a lock away.") { name };
        context.Run(command, async (parsed, api, cancellationToken) =>
        {
            if (disabled)
            {
                await context.ConfirmAsync(parsed, yes, $"Keep {parsed.GetValue(name)} from signing in? Sessions and access tokens end at once.", cancellationToken);
            }

            await api.PatchAsync(Path(parsed.GetValue(name)!), new { disabled }, cancellationToken);
            var word = disabled ? "disabled" : "enabled";
            context.Tell(parsed, Result(word, parsed.GetValue(name)!), $"User {parsed.GetValue(name)} is {word}.");
        });
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        var name = Name();
        var yes = CommandContext.YesOption();
        var remove = new Command("remove", "Removes a user.") { name, yes };
        context.Run(remove, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Remove the user {parsed.GetValue(name)}?", cancellationToken);
            await api.DeleteAsync(Path(parsed.GetValue(name)!), cancellationToken);
            context.Tell(parsed, Result("removed", parsed.GetValue(name)!), $"User {parsed.GetValue(name)} was removed.");
        });
        return remove;
    }

    private static Command ResetPassword(CommandContext context)
    {
        var name = Name();
        var reset = new Command("reset-password", "Makes a one-time code with which a user sets a new password. The old one works until then.") { name };
        context.Run(reset, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(Path(parsed.GetValue(name)!) + "/password-code", new { }, cancellationToken),
            answer => PrintCode(context, parsed.GetValue(name)!, answer)));
        return reset;
    }

    private static Command ResetSecondFactor(CommandContext context)
    {
        var name = Name();
        var yes = CommandContext.YesOption();
        var reset = new Command("reset-second-factor", "Takes a user's second factor away, for a person who lost the phone.") { name, yes };
        context.Run(reset, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Let {parsed.GetValue(name)} sign in with the password alone?", cancellationToken);
            await api.DeleteAsync(Path(parsed.GetValue(name)!) + "/second-factor", cancellationToken);
            context.Tell(parsed, Result("second-factor-removed", parsed.GetValue(name)!), $"User {parsed.GetValue(name)} has no second factor any more.");
        });
        return reset;
    }

    private static Command Role(CommandContext context)
    {
        var name = Name();
        var role = new Argument<string>("role") { Description = "account-administrator, account-user, virtual-account-administrator, virtual-account-user, or none" };
        var account = CommandContext.AccountOption();
        var virtualAccount = new Option<string?>("--virtual-account") { Description = "the one local virtual account that the role is for; the whole account when left out" };
        var yes = CommandContext.YesOption();
        var set = new Command("role", "Says what a user may do in a local account, or in one local virtual account of it.") { name, role, account, virtualAccount, yes };
        context.Run(set, async (parsed, api, cancellationToken) =>
        {
            var accountName = await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken);
            var path = "/api/v2/accounts/" + Uri.EscapeDataString(accountName);
            var accountId = (await api.GetAsync(path, cancellationToken))["id"]!.ToString();
            string? virtualAccountId = null;
            if (parsed.GetValue(virtualAccount) is { } named)
            {
                virtualAccountId = (await api.ListAsync(path + "/virtual-accounts", cancellationToken))
                    .FirstOrDefault(entry => string.Equals(Tables.Raw(entry!, "name"), named, StringComparison.OrdinalIgnoreCase))?["id"]?.ToString()
                    ?? throw new TgctlException($"There is no local virtual account '{named}' in {accountName}. 'tgctl virtual-account list' shows them.");
            }

            var chosen = parsed.GetValue(role) == "none" ? null : parsed.GetValue(role);
            if (chosen is null)
            {
                await context.ConfirmAsync(parsed, yes, $"Take the role in {parsed.GetValue(virtualAccount) ?? accountName} away from {parsed.GetValue(name)}?", cancellationToken);
            }

            await api.PutAsync(Path(parsed.GetValue(name)!) + "/account-roles", new { accountId, virtualAccountId, role = chosen }, cancellationToken);
            context.Tell(
                parsed,
                new JsonObject { ["result"] = "changed", ["name"] = parsed.GetValue(name), ["account"] = accountName, ["role"] = chosen },
                chosen is null ? $"{parsed.GetValue(name)} has no role there any more." : $"{parsed.GetValue(name)} is {chosen} of {parsed.GetValue(virtualAccount) ?? accountName}.");
        });
        return set;
    }

    private static Argument<string> Name() => new("name") { Description = "user name" };

    private static string Path(string name) => "/api/v2/users/" + Uri.EscapeDataString(name);

    private static JsonObject Result(string result, string name) => new() { ["result"] = result, ["name"] = name };

    private static void PrintCode(CommandContext context, string name, JsonNode answer)
    {
        context.Output.WriteLine($"One-time code for {name}: {answer["passwordCode"]}");
        context.Output.WriteLine("It is shown this once and good for 24 hours. With it the person sets a password in the browser, at /set-password.");
    }

    /// <summary>What is known of a person.</summary>
    private sealed class PersonOptions
    {
        private readonly (string Member, Option<string?> Option)[] _options =
        [
            ("email", new Option<string?>("--email") { Description = "e-mail address" }),
            ("firstName", new Option<string?>("--first-name") { Description = "first name" }),
            ("lastName", new Option<string?>("--last-name") { Description = "last name" }),
            ("language", new Option<string?>("--language") { Description = "en or zh-Hant; empty for the browser's" }),
        ];

        public void AddTo(Command command)
        {
            foreach (var (_, option) in _options)
            {
                command.Options.Add(option);
            }
        }

        /// <summary>What was given; what was not is left out.</summary>
        public JsonObject Body(ParseResult parsed, params (string Member, string? Text)[] more) => new(
            more.Concat(_options.Select(entry => (entry.Member, Text: parsed.GetValue(entry.Option)))).Where(entry => entry.Text is not null)
                .Select(entry => KeyValuePair.Create(entry.Member, (JsonNode?)entry.Text)));
    }
}
