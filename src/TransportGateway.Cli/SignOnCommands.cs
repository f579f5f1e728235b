using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl directory</c> and <c>tgctl identity-provider</c>: who else vouches for people.</summary>
internal static class SignOnCommands
{
    private const string GroupsHelp = """JSON file that says what groups may do: [{"group": NAME, "role": ROLE, "account": NAME, "virtualAccount": NAME}], the last two for roles in accounts""";

    public static Command Directory(CommandContext context) =>
        new("directory", "The LDAP directory whose people may sign in.") { Show(context, "directory", PrintDirectory), SetDirectory(context), TestDirectory(context) };

    public static Command Provider(CommandContext context) =>
        new("identity-provider", "The OpenID Connect provider that signs people in.") { Show(context, "identity-provider", PrintProvider), SetProvider(context), TestProvider(context) };

    private static Command Show(CommandContext context, string resource, Action<CommandContext, JsonNode> print)
    {
        var show = new Command("show", "Shows the settings; secrets are never shown.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/" + resource, cancellationToken), answer => print(context, answer)));
        return show;
    }

    private static Command SetDirectory(CommandContext context)
    {
        var passwordFile = new Option<FileInfo?>("--bind-password-file") { Description = "file that holds the password of --bind-name; - for standard input" };
        return Set(
            context,
            "directory",
            PrintDirectory,
            [
                Text("--address", "address", "ldaps://HOST, or ldap://HOST to go on with StartTLS; empty for no directory"),
                Text("--bind-name", "bindName", "distinguished name that searches; empty for an anonymous search"),
                Text("--user-base", "userBase", "below which people are"),
                Text("--user-filter", "userFilter", "finds a person, with {0} for the name that was typed"),
                Text("--name-attribute", "nameAttribute", "attribute of the user name"),
                Text("--id-attribute", "idAttribute", "attribute that never changes"),
                Text("--group-base", "groupBase", "below which groups are"),
                Text("--group-filter", "groupFilter", "finds a person's groups, with {0} for the distinguished name"),
            ],
            (passwordFile, "bindPassword"));
    }

    private static Command SetProvider(CommandContext context)
    {
        var secretFile = new Option<FileInfo?>("--client-secret-file") { Description = "file that holds the client secret; - for standard input" };
        return Set(
            context,
            "identity-provider",
            PrintProvider,
            [
                Text("--issuer", "issuer", "issuer, exactly as the provider writes it; empty for none"),
                Text("--client-id-there", "clientId", "client id that the provider gave"),
                Text("--scopes", "scopes", "what is asked for, separated by spaces"),
                Text("--name-claim", "nameClaim", "claim of the user name"),
                Text("--groups-claim", "groupsClaim", "claim of the groups"),
                Text("--label", "label", "what the sign-in page calls it"),
                Text("--proxy", "proxy", "http proxy on the way there; empty for none"),
            ],
            (secretFile, "clientSecret"));
    }

    private static (Option<string?> Option, string Member) Text(string name, string member, string description) => (new Option<string?>(name) { Description = description }, member);

    private static Command Set(
        CommandContext context,
        string resource,
        Action<CommandContext, JsonNode> print,
        (Option<string?> Option, string Member)[] texts,
        (Option<FileInfo?> Option, string Member) secret)
    {
        var anchors = new Option<FileInfo?>("--tls-anchors") { Description = "PEM file with the roots of its certificate; those of the machine when never given" };
        var groups = new Option<FileInfo?>("--groups") { Description = GroupsHelp };
        var set = new Command("set", "Changes settings; what is not given stays as it is.") { secret.Option, anchors, groups };
        foreach (var (option, _) in texts)
        {
            set.Options.Add(option);
        }

        context.Run(set, async (parsed, api, cancellationToken) =>
        {
            var body = texts.Where(text => parsed.GetValue(text.Option) is not null).ToDictionary(text => text.Member, text => (object?)parsed.GetValue(text.Option), StringComparer.Ordinal);
            if (parsed.GetValue(secret.Option) is { } file)
            {
                body[secret.Member] = (await Files.ReadPasswordAsync(file, cancellationToken)).Trim();
            }

            if (parsed.GetValue(anchors) is { } pem)
            {
                body["tlsAnchors"] = await Files.ReadCertificatesAsync(pem, cancellationToken);
            }

            if (parsed.GetValue(groups) is { } mapping)
            {
                body["groups"] = await ReadGroupsAsync(mapping, cancellationToken);
            }

            context.Print(parsed, await api.PutAsync("/api/v2/" + resource, body, cancellationToken), answer => print(context, answer));
        });
        return set;
    }

    private static async Task<JsonNode> ReadGroupsAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            return JsonNode.Parse(await File.ReadAllTextAsync(file.FullName, cancellationToken)) as JsonArray ?? throw new TgctlException($"{file} is no JSON array. {GroupsHelp}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TgctlException($"{file} cannot be read: {exception.Message}");
        }
    }

    private static Command TestDirectory(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "user name of a person to look for" };
        var passwordFile = new Option<FileInfo?>("--password-file") { Description = "file that holds the person's password, to check it, too; - for standard input" };
        var test = new Command("test", "Looks for a person in the directory; signs nobody in.") { name, passwordFile };
        context.Run(test, async (parsed, api, cancellationToken) =>
        {
            var password = parsed.GetValue(passwordFile) is { } file ? (await Files.ReadPasswordAsync(file, cancellationToken)).Trim() : null;
            context.Print(parsed, await api.PostAsync("/api/v2/directory/test", new { name = parsed.GetValue(name), password }, cancellationToken), answer =>
            {
                if (Tables.Text(answer, "found") != "true")
                {
                    context.Output.WriteLine("The directory was reached. There is nobody of that name, or the password is wrong.");
                    return;
                }

                Tables.PrintLines(
                    context.Output,
                    [
                        ("User name", Tables.Text(answer, "name")),
                        ("System role", Tables.Text(answer, "systemRole") is { Length: > 0 } role ? role : "none of the groups gives a role: the person cannot sign in"),
                        .. answer["groups"]!.AsArray().Select(group => ("Group", group!.ToString())),
                    ]);
            });
        });
        return test;
    }

    private static Command TestProvider(CommandContext context)
    {
        var test = new Command("test", "Reads the provider's description of itself; signs nobody in.");
        context.Run(test, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync("/api/v2/identity-provider/test", new { }, cancellationToken),
            answer => Tables.PrintLines(
                context.Output,
                [
                    ("Issuer", Tables.Text(answer, "issuer")),
                    ("Authorisation", Tables.Text(answer, "authorizationEndpoint")),
                    ("Tokens", Tables.Text(answer, "tokenEndpoint")),
                    ("Signing keys", Tables.Text(answer, "signingKeys")),
                ])));
        return test;
    }

    private static void PrintDirectory(CommandContext context, JsonNode answer) => Tables.PrintLines(
        context.Output,
        [
            ("Address", Tables.Text(answer, "address") is { Length: > 0 } address ? address : "none"),
            ("Bind name", Tables.Text(answer, "bindName") is { Length: > 0 } bind ? bind : "anonymous"),
            ("User base", Tables.Text(answer, "userBase")),
            ("User filter", Tables.Text(answer, "userFilter")),
            ("Name attribute", Tables.Text(answer, "nameAttribute")),
            ("Id attribute", Tables.Text(answer, "idAttribute")),
            ("Group base", Tables.Text(answer, "groupBase")),
            ("Group filter", Tables.Text(answer, "groupFilter")),
            .. Shared(answer),
        ]);

    private static void PrintProvider(CommandContext context, JsonNode answer) => Tables.PrintLines(
        context.Output,
        [
            ("Issuer", Tables.Text(answer, "issuer") is { Length: > 0 } issuer ? issuer : "none"),
            ("Client id", Tables.Text(answer, "clientId")),
            ("Client secret", Tables.Text(answer, "hasClientSecret") == "true" ? "set" : "not set"),
            ("Scopes", Tables.Text(answer, "scopes")),
            ("Name claim", Tables.Text(answer, "nameClaim")),
            ("Groups claim", Tables.Text(answer, "groupsClaim")),
            ("Label", Tables.Text(answer, "label")),
            ("Proxy", Tables.Text(answer, "proxy")),
            .. Shared(answer),
        ]);

    private static IEnumerable<(string Heading, string Text)> Shared(JsonNode answer) =>
        answer["groups"]!.AsArray()
            .Select(group => ("Group", $"{group!["group"]} = {group["role"]}{(group["account"] is { } account ? $" in {account}" : "")}{(group["virtualAccount"] is { } part ? $" / {part}" : "")}"))
            .Prepend(("TLS anchors", answer["tlsAnchors"]!.AsArray() is { Count: > 0 } anchors ? string.Join(", ", anchors) : "those of the machine"));
}
