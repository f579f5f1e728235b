using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl api-client</c> and <c>tgctl setup</c>.</summary>
internal static class AccessCommands
{
    public static Command Clients(CommandContext context)
    {
        var list = new Command("list", "Lists the API clients.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync("/api/v2/api-clients", cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("Name", Tables.Field("name")),
                ("Client Id", Tables.Field("clientId")),
                ("Permissions", row => string.Join(' ', row["permissions"]!.AsArray().Select(permission => permission!.ToString()))),
                ("Created By", Tables.Field("createdBy")),
                ("Revoked (UTC)", Tables.Instant("revokedAt")))));

        var name = new Argument<string>("name") { Description = "what the client is called in the event log" };
        var account = new Option<string?>("--account") { Description = "the one local account it is for; all when left out" };
        var permissions = new Option<string[]>("--permission") { Description = "what it may do; may be given several times. Without any, what the API toolkit of an account needs", AllowMultipleArgumentsPerToken = true };
        var create = new Command("create", "Creates an API client and shows its secret, this once.") { name, account, permissions };
        context.Run(create, async (parsed, api, cancellationToken) =>
        {
            string? accountId = null;
            if (parsed.GetValue(account) is { } named)
            {
                var accounts = await api.ListAsync("/api/v2/accounts", cancellationToken);
                accountId = accounts.FirstOrDefault(entry => string.Equals(Tables.Text(entry!, "name"), named, StringComparison.OrdinalIgnoreCase))?["id"]?.ToString()
                    ?? throw new TgctlException($"There is no local account '{named}'. There are: {string.Join(", ", accounts.Select(entry => Tables.Text(entry!, "name")))}");
            }

            var chosen = parsed.GetValue(permissions) is { Length: > 0 } given ? given : null;
            context.Print(
                parsed,
                await api.PostAsync("/api/v2/api-clients", new { name = parsed.GetValue(name), accountId, permissions = chosen }, cancellationToken),
                answer => PrintSecret(context, answer));
        });

        var id = new Argument<string>("client-id") { Description = "the client's id, as api-client list shows it" };
        var yes = CommandContext.YesOption();
        var revoke = new Command("revoke", "Revokes an API client; its access tokens end at once.") { id, yes };
        context.Run(revoke, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Revoke API client {parsed.GetValue(id)}? Programs that use it lose their access at once.", cancellationToken);
            await api.DeleteAsync($"/api/v2/api-clients/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "revoked", ["clientId"] = parsed.GetValue(id) }, "The API client was revoked.");
        });
        return new Command("api-client", "Programs that sign in with an id and a secret.") { list, create, revoke };
    }

    public static Command SetUp(CommandContext context)
    {
        var file = new Option<FileInfo?>("--code-file") { Description = "file with the set-up code that the gateway prints at its start; without it the code is asked for, or read from standard input" };
        var code = new Option<string?>("--code") { Description = "the code itself; other users of this machine can see it while the command runs, so better leave it out or use --code-file" };
        var user = new Option<string?>("--user") { Description = "make this person the first system administrator, instead of an API client" };
        var password = new Option<FileInfo?>("--password-file") { Description = "file with the person's password; - reads it from standard input, behind the code" };
        var hostName = new Option<string?>("--host-name") { Description = "the Host Common Name: what products dial; left out, it stays as it is" };
        var setUp = new Command("setup", "Takes a new gateway into use from another machine: the set-up code buys the first administrator, an API client or a person.") { file, code, user, password, hostName };
        context.Run(setUp, async (parsed, api, cancellationToken) =>
        {
            if (parsed.GetValue(user) is null != parsed.GetValue(password) is null)
            {
                throw new TgctlException("--user and --password-file go together.");
            }

            var typed = await ReadCodeAsync(context, parsed.GetValue(file), parsed.GetValue(code), cancellationToken);
            var secret = parsed.GetValue(password) is not { } from ? null
                : from.Name == "-" ? await context.Input.ReadLineAsync(cancellationToken) ?? throw new TgctlException("Standard input holds no password.")
                : await Files.ReadPasswordAsync(from, cancellationToken);
            var answer = await api.PostAsync("/api/v2/setup", new { code = typed, name = parsed.GetValue(user), password = secret, hostName = parsed.GetValue(hostName) }, cancellationToken);
            context.Print(parsed, answer, done =>
            {
                if (done["user"] is { } person)
                {
                    context.Output.WriteLine($"{Tables.Text(person, "name")} is system administrator, and signs in with a browser. The Host Common Name is {Tables.Text(done, "hostName")}.");
                }
                else
                {
                    PrintSecret(context, done);
                }
            });
        });
        return setUp;
    }

    private static async Task<string> ReadCodeAsync(CommandContext context, FileInfo? file, string? code, CancellationToken cancellationToken)
    {
        if (file is not null && code is not null)
        {
            throw new TgctlException("Give the set-up code once: with --code-file, or with --code, or on standard input.");
        }

        if (code is not null)
        {
            return code;
        }

        if (file is null)
        {
            await context.Errors.WriteAsync("Set-up code: ");
            return await context.Input.ReadLineAsync(cancellationToken) ?? throw new TgctlException("The set-up code is missing. Write it to standard input, or give --code-file.");
        }

        var read = await Files.ReadPasswordAsync(file, cancellationToken);
        return read.Length > 0 ? read : throw new TgctlException($"--code-file {file} is empty.");
    }

    private static void PrintSecret(CommandContext context, JsonNode answer)
    {
        context.Output.WriteLine($"Client id      {Tables.Text(answer, "clientId")}");
        context.Output.WriteLine($"Client secret  {Tables.Text(answer, "clientSecret")}");
        context.Errors.WriteLine("The secret is not shown again. Keep it, and give it to programs as TG_CLIENT_SECRET.");
    }
}
