using System.CommandLine;
using System.CommandLine.Parsing;
using TransportGateway.Cli.Ha;

namespace TransportGateway.Cli;

/// <summary>The console's commands.</summary>
internal static class Tgctl
{
    /// <returns>One of <see cref="ExitCodes"/>; with a sentence on the error stream unless all was done.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors, TextReader? input = null)
    {
        var root = new RootCommand("Administers a transport gateway. On the gateway's own machine no sign-in is needed; elsewhere give --server, --ca and --client-id.\n\n"
            + "Exit codes: 0 done; 1 refused, by the gateway or by who was asked; 2 the command line is wrong; 3 no gateway can be reached.");
        var connection = new ConnectionOptions();
        connection.AddTo(root);
        var context = new CommandContext(connection, input ?? Console.In, output, errors);
        root.Subcommands.Add(AccountCommands.Create(context));
        root.Subcommands.Add(VirtualAccountCommands.Create(context));
        root.Subcommands.Add(SynchronizationCommands.Create(context));
        root.Subcommands.Add(CentralCommands.Create(context));
        root.Subcommands.Add(RelayCommands.Create(context));
        root.Subcommands.Add(NetworkCommands.Create(context));
        root.Subcommands.Add(TokenCommands.Create(context));
        root.Subcommands.Add(InstanceCommands.Create(context));
        root.Subcommands.Add(CertificateCommands.Create(context));
        root.Subcommands.Add(DatabaseCommands.Create(context));
        root.Subcommands.Add(HaCommands.Create(context));
        root.Subcommands.Add(LicenseCommands.Create(context));
        root.Subcommands.Add(ReportCommands.Create(context));
        root.Subcommands.Add(OverviewCommands.Alerts(context));
        root.Subcommands.Add(EventCommands.Create(context));
        root.Subcommands.Add(ArchiveCommands.Create(context));
        root.Subcommands.Add(OverviewCommands.Status(context));
        root.Subcommands.Add(MachineCommands.Load(context));
        root.Subcommands.Add(MachineCommands.ProductUrls(context));
        root.Subcommands.Add(UserCommands.Users(context));
        root.Subcommands.Add(UserCommands.Sessions(context));
        root.Subcommands.Add(AccessRulesCommands.Create(context));
        root.Subcommands.Add(ApiToolkitCommands.Create(context));
        root.Subcommands.Add(AccessCommands.Clients(context));
        root.Subcommands.Add(AccessCommands.SetUp(context));
        root.Subcommands.Add(SignOnCommands.Directory(context));
        root.Subcommands.Add(SignOnCommands.Provider(context));
        root.Subcommands.Add(NotificationCommands.Syslog(context));
        root.Subcommands.Add(NotificationCommands.Email(context));
        root.Subcommands.Add(WebhookCommands.Create(context));
        root.Subcommands.Add(MessageCommands.Create(context));
        root.Subcommands.Add(BackupCommands.Create(context));
        root.Subcommands.Add(MessageCommands.Language(context));
        root.Subcommands.Add(MessageCommands.Time(context));
        root.Subcommands.Add(SupportCommands.Create(context));
        root.Subcommands.Add(CompletionCommands.Create(context));

        var parsed = root.Parse(arguments);
        var configuration = new InvocationConfiguration { Output = output, Error = errors };
        if (parsed.CommandResult.Parent is CommandResult { Command.Name: HaCommands.Name })
        {
            // After a Ctrl-C these end at a place where they can say how to go on, however long that takes.
            configuration.ProcessTerminationTimeout = Timeout.InfiniteTimeSpan;
        }

        if (parsed.Errors.Count > 0)
        {
            await parsed.InvokeAsync(configuration);
            return ExitCodes.WrongUse;
        }

        return await parsed.InvokeAsync(configuration);
    }
}
