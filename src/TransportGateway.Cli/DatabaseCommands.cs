using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary><c>tgctl database</c>.</summary>
internal static class DatabaseCommands
{
    public static Command Create(CommandContext context)
    {
        var file = new Option<FileInfo>("--to-file") { Description = "file with the connection string of an empty PostgreSQL database, or - for standard input", Required = true };
        var yes = CommandContext.YesOption();
        var migrate = new Command("migrate", "Moves every row to an empty PostgreSQL database, proves it by counts and checksums, and stops the gateway.") { file, yes };
        context.Run(migrate, async (parsed, api, cancellationToken) =>
        {
            var connection = (await Files.ReadPasswordAsync(parsed.GetValue(file)!, cancellationToken)).Trim();
            await context.ConfirmAsync(parsed, yes, "Nothing can be written while the rows are moved, and the gateway stops afterwards.", cancellationToken);
            context.Print(parsed, await api.PostAsync("/api/v2/database/migration", new { connection }, cancellationToken), answer =>
            {
                Tables.Print(context.Output, answer["tables"]!.AsArray(), "{0} tables were moved; counts and checksums agree on both sides.", ("Table", Tables.Field("table")), ("Rows", Tables.Field("rows")), ("SHA-256", Tables.Field("checksum")));
                context.Output.WriteLine("The gateway stops now. Set database to postgresql and postgresql-connection to the new database, and start it again.");
            });
        });
        return new Command("database", "The gateway's database.") { migrate };
    }
}
