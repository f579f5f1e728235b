using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl account register</c> and its way by files: an approved account becomes known to Software Central.</summary>
internal static class AccountRegistrationCommands
{
    public static Command Register(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "an approved local account" };
        var register = new Command("register", "Registers an approved account with Software Central, online.") { name };
        context.Run(register, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync($"{Path(parsed.GetValue(name)!)}/register", new { }, cancellationToken),
            answer => context.Output.WriteLine($"Local account '{Tables.Text(answer, "account")}' is registered and active. Next: tgctl sync start --account '{Tables.Text(answer, "account")}'")));
        return register;
    }

    public static Command SaveFile(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "an approved local account" };
        var file = new Option<string>("--out") { Description = "where to save the file", Required = true };
        var save = new Command("registration-file", "Saves the registration file of an approved account, to be carried to Software Central.") { name, file };
        context.Run(save, async (parsed, api, cancellationToken) =>
        {
            var bytes = await api.DownloadAsync($"{Path(parsed.GetValue(name)!)}/registration-file", new { }, parsed.GetValue(file)!, cancellationToken);
            context.Tell(
                parsed,
                new JsonObject { ["result"] = "saved", ["account"] = parsed.GetValue(name), ["file"] = parsed.GetValue(file), ["bytes"] = bytes },
                $"{parsed.GetValue(file)}: {bytes} bytes. Bring the authorisation file back with: tgctl account authorization-file '{parsed.GetValue(name)}' --in FILE");
        });
        return save;
    }

    public static Command LoadFile(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "the local account" };
        var file = new Option<string>("--in") { Description = "the authorisation file", Required = true };
        var load = new Command("authorization-file", "Loads the authorisation file that Software Central gave for the registration file.") { name, file };
        context.Run(load, async (parsed, api, cancellationToken) =>
        {
            await api.UploadAsync($"{Path(parsed.GetValue(name)!)}/authorization-file", parsed.GetValue(file)!, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "registered", ["account"] = parsed.GetValue(name) }, $"Local account '{parsed.GetValue(name)}' is registered and active.");
        });
        return load;
    }

    private static string Path(string account) => $"/api/v2/accounts/{Uri.EscapeDataString(account)}";
}
