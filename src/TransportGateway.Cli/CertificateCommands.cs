using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl certificate</c>: what products see, under which name, and the certificate for browsers.</summary>
internal static class CertificateCommands
{
    private const string Root = "/api/v2/certificates";

    public static Command Create(CommandContext context)
    {
        var show = new Command("show", "Shows the certificates that are served, and a change that is under way.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(Root, cancellationToken), answer =>
        {
            PrintNames(context, answer);
            PrintCertificate(context, "Certificate", answer["certificate"]!);
            PrintChange(context, answer["underWay"]);
            if (answer["uploaded"] is { } uploaded)
            {
                PrintCertificate(context, "For browsers", uploaded);
            }
        }));

        var check = new Command("check", "Checks whether products accept the certificate under the names that they dial, and says what to change.");
        context.Run(check, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(Root + "/check", cancellationToken), answer =>
        {
            PrintNames(context, answer);
            PrintCertificate(context, "Certificate", answer["certificate"]!);
            PrintChange(context, answer["underWay"]);
            Tables.Print(
                context.Output,
                answer["mismatches"]!.AsArray(),
                $"{{0}} of {Tables.Text(answer, "mismatchesInAll")} that dial a name outside the certificate",
                ("Product", Tables.Field("product")),
                ("Dials", Tables.Field("name")),
                ("In TLS", Tables.Field("tlsName")),
                ("In HTTP", Tables.Field("hostHeader")),
                ("Since (UTC)", Tables.Instant("dialledAt")));
            PrintList(context, answer["findings"]!, "All is well.");
        }));

        return new Command("certificate", "The certificates that the gateway serves.")
        {
            show, check, HostName(context), Issuer(context), SigningRequests(context), Upload(context), Delete(context),
        };
    }

    private static Command HostName(CommandContext context)
    {
        var show = new Command("show", "Shows the Host Common Name and the additional names.");
        context.Run(show, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.GetAsync(Root + "/host-name", cancellationToken), answer => PrintNames(context, answer)));

        var name = new Argument<string>("name") { Description = "the host part of the URL that products dial: the virtual address of a cluster, or better its name" };
        var alternatives = new Option<string[]>("--alternative-name") { Description = "another name or address that is dialled; may be given several times. Without any, those that are set stay", AllowMultipleArgumentsPerToken = true };
        var only = new Option<bool>("--no-alternative-names") { Description = "the certificate is for this name alone" };
        var yes = CommandContext.YesOption();
        var set = new Command("set", "Changes the Host Common Name. A new certificate is issued; accounts with a Smart Account need a synchronisation.") { name, alternatives, only, yes };
        context.Run(set, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(
                parsed, yes, $"Change the Host Common Name to {parsed.GetValue(name)}? Products that dial another name, and are strict, do not reach the gateway any more.", cancellationToken);
            var given = parsed.GetValue(only) ? [] : parsed.GetValue(alternatives) is { Length: > 0 } names ? names : null;
            context.Print(parsed, await api.PutAsync(Root + "/host-name", new { name = parsed.GetValue(name), alternativeNames = given }, cancellationToken), answer =>
            {
                PrintNames(context, answer);
                context.Output.WriteLine(Tables.Text(answer, "state") switch
                {
                    "" => "These are the names already; nothing was changed.",
                    "installed" => "The new certificate is served from the next connection on.",
                    "awaiting-issue" => "The new certificate awaits its issue by Software Central at the next synchronisation; the one before serves until then.",
                    _ => "The new certificate is on its way; the one before serves until then.",
                });
                PrintAccounts(context, answer);
                PrintList(context, answer["warnings"]!, "");
            });
        });
        return new Command("host-name", "The Host Common Name.") { show, set };
    }

    private static Command Issuer(CommandContext context)
    {
        var issuer = new Argument<string>("issuer") { Description = "own: the gateway's authority, at once. central: Software Central, at the next synchronisation" };
        issuer.AcceptOnlyFromAmong("own", "central");
        var set = new Command("set", "Changes who issues the host certificate.") { issuer };
        context.Run(set, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PutAsync(Root + "/issuer", new { issuer = parsed.GetValue(issuer) }, cancellationToken),
            answer =>
            {
                context.Output.WriteLine($"The issuer of the host certificate is '{Tables.Text(answer, "issuer")}'.");
                PrintAccounts(context, answer);
            }));
        return new Command("issuer", "Who issues the host certificate; 'certificate show' tells who it is.") { set };
    }

    private static Command SigningRequests(CommandContext context)
    {
        var names = new Option<string[]>("--name") { Description = "a name that browsers dial; may be given several times, the first becomes the common name", Required = true, AllowMultipleArgumentsPerToken = true };
        var file = new Option<FileInfo?>("--out") { Description = "file for the request; printed when left out" };
        var create = new Command("create", "Makes a key, which stays in the gateway, and a signing request for your certificate authority.") { names, file };
        context.Run(create, async (parsed, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(Root + "/requests", new { names = parsed.GetValue(names) }, cancellationToken);
            if (parsed.GetValue(file) is { } path)
            {
                await Files.WriteAsync(path, Tables.Raw(answer, "pem"), cancellationToken);
            }

            context.Print(parsed, answer, created =>
            {
                if (parsed.GetValue(file) is null)
                {
                    context.Output.Write(Tables.Raw(created, "pem"));
                }

                context.Errors.WriteLine("Have it signed as a web server's certificate, then: tgctl certificate upload FILE");
            });
        });

        var list = new Command("list", "Lists the signing requests that wait for their certificate.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(Root + "/requests", cancellationToken), answer => Tables.Print(
            context.Output,
            answer.AsArray(),
            "Showing All {0} Records",
            ("Id", Tables.Field("id")),
            ("Names", row => Joined(row["names"]!)),
            ("Created By", Tables.Field("createdBy")),
            ("Created (UTC)", Tables.Instant("createdAt")))));

        var id = new Argument<string>("id") { Description = "the request's id, as csr list shows it" };
        var yes = CommandContext.YesOption();
        var delete = new Command("delete", "Deletes a signing request with its key; a certificate that answers it can then not be uploaded.") { id, yes };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, "Delete the signing request and its key? A certificate that answers it can then not be uploaded.", cancellationToken);
            await api.DeleteAsync($"{Root}/requests/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "deleted", ["id"] = parsed.GetValue(id) }, "The signing request was deleted.");
        });
        return new Command("csr", "Signing requests for a browser certificate.") { create, list, delete };
    }

    private static Command Upload(CommandContext context)
    {
        var file = new Argument<FileInfo>("file") { Description = "PEM with the certificate and those between it and the root, or PFX" };
        var key = new Option<FileInfo?>("--key") { Description = "PEM file with the private key; not needed for the answer to 'csr create'" };
        var password = new Option<FileInfo?>("--password-file") { Description = "file with the password of the PFX or the key; - reads it from standard input" };
        var ca = new Option<FileInfo?>("--issuer-ca") { Description = "PEM file with the root that issued it; without one the roots of the gateway's machine count" };
        var upload = new Command("upload", "Uploads a certificate for browsers (listen-admin). It is verified before it serves; products keep theirs.") { file, key, password, ca };
        context.Run(upload, async (parsed, api, cancellationToken) =>
        {
            var content = await Files.ReadAsync(parsed.GetValue(file)!, cancellationToken);
            var isPem = content.AsSpan().IndexOf("-----BEGIN "u8) >= 0;
            var pem = isPem ? System.Text.Encoding.UTF8.GetString(content) : null;
            if (parsed.GetValue(key) is { } keyFile)
            {
                pem = isPem
                    ? pem + "\n" + await Files.ReadTextAsync(keyFile, cancellationToken)
                    : throw new TgctlException($"{parsed.GetValue(file)} is a PFX file, which holds its key; leave --key out.");
            }

            var answer = await api.PutAsync(
                Root + "/uploaded",
                new
                {
                    pem,
                    pfx = isPem ? null : content,
                    password = parsed.GetValue(password) is { } passwordFile ? await Files.ReadPasswordAsync(passwordFile, cancellationToken) : null,
                    caPem = parsed.GetValue(ca) is { } caFile ? await Files.ReadTextAsync(caFile, cancellationToken) : null,
                },
                cancellationToken);
            context.Print(parsed, answer, installed =>
            {
                context.Output.WriteLine($"The certificate for {Joined(installed["names"]!)} serves browsers until {Tables.Instant("notAfter")(installed)} UTC.");
                PrintList(context, installed["warnings"]!, "");
            });
        });
        return upload;
    }

    private static Command Delete(CommandContext context)
    {
        var yes = CommandContext.YesOption();
        var delete = new Command("delete", "Deletes the uploaded certificate; browsers get the gateway's own again.") { yes };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, "Delete the uploaded certificate and its key?", cancellationToken);
            await api.DeleteAsync(Root + "/uploaded", cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "deleted" }, "The uploaded certificate was deleted; browsers get the gateway's own again.");
        });
        return delete;
    }

    private static void PrintNames(CommandContext context, JsonNode answer)
    {
        Line(context, "Host Common Name", Tables.Text(answer, "name"));
        Line(context, "Additional names", Joined(answer["alternativeNames"]!));
        if (answer["issuer"] is not null)
        {
            Line(context, "Issuer", Tables.Text(answer, "issuer"));
        }
    }

    private static void PrintCertificate(CommandContext context, string label, JsonNode certificate)
    {
        Line(context, label, $"{Tables.Text(certificate, "commonName")}, for {Joined(certificate["names"]!)}");
        Line(context, "", $"issued by {Tables.Text(certificate, "issuer")}, serial number {Tables.Text(certificate, "serial")}");
        Line(context, "", $"valid from {Tables.Instant("notBefore")(certificate)} until {Tables.Instant("notAfter")(certificate)} UTC");
        foreach (var element in certificate["chain"]!.AsArray().Skip(1))
        {
            Line(context, "", $"chain: {element}");
        }
    }

    private static void PrintChange(CommandContext context, JsonNode? change)
    {
        if (change is not null)
        {
            Line(
                context,
                "Under way",
                $"{Tables.Text(change, "state")}: {Tables.Text(change, "name")} by {Tables.Text(change, "issuer")}, requested by {Tables.Text(change, "requestedBy")} at {Tables.Instant("requestedAt")(change)} UTC");
        }
    }

    private static void PrintAccounts(CommandContext context, JsonNode answer)
    {
        if (answer["accountsToSynchronize"]!.AsArray().Count > 0)
        {
            context.Output.WriteLine($"Accounts that need a synchronisation: {Joined(answer["accountsToSynchronize"]!)}");
        }
    }

    private static void PrintList(CommandContext context, JsonNode sentences, string none)
    {
        foreach (var sentence in sentences.AsArray())
        {
            context.Output.WriteLine("- " + Tables.Plain(sentence!.ToString()));
        }

        if (sentences.AsArray().Count == 0 && none.Length > 0)
        {
            context.Output.WriteLine(none);
        }
    }

    private static string Joined(JsonNode names) => Tables.Plain(string.Join(", ", names.AsArray().Select(name => name!.ToString())));

    private static void Line(CommandContext context, string label, string value) => context.Output.WriteLine($"{label,-22}{value}");
}
