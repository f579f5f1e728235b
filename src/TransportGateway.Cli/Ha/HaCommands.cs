using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary><c>tgctl ha</c>, and the same verbs as the commands that administrators know: <c>ha_status</c> and its like.</summary>
internal static class HaCommands
{
    public const string Name = "ha";

    private static readonly TimeProvider Clock = TimeProvider.System;

    public static Command Create(CommandContext context) => new(Name, "Two nodes behind a virtual address. These commands change the machine that they run on, and need root.")
    {
        GenerateKeys(context), ProvisionStandby(context), ProvisionWitness(context), Deploy(context), Status(context), Start(context), Stop(context), SwitchOver(context), Diverged(context), Discard(context), TearDown(context),
    };

    private static Command GenerateKeys(CommandContext context)
    {
        var command = new Command("generatekeys", "On the primary node, first: makes the cluster's keys and certificates, and a one-time secret for the other machines.");
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            Machine.RequireRoot("ha_generatekeys");
            if (Plans.OfThisMachine() is { ThisNode: ClusterPlan.SecondaryNode })
            {
                throw new TgctlException("This is the secondary node of a cluster; the keys are made on the primary node.");
            }

            var existed = ClusterKeys.Exist;
            if (!existed)
            {
                await ClusterKeys.MakeAsync(Clock, cancellationToken);
            }

            var secret = await ClusterKeys.RenewSecretAsync(cancellationToken);
            context.Print(parsed, new JsonObject { ["secret"] = secret, ["keysMade"] = !existed }, _ => context.Output.WriteLine(
                $"""
                {(existed ? "The cluster's keys are there already and stay." : "The cluster's keys and certificates were made.")}

                One-time secret (for 24 hours, or until the cluster is deployed):

                    {secret}

                Now run ha_provision_standby on the secondary node, and tgctl ha provision_witness on the witness; both ask for it.
                Then run ha_deploy here.
                """));
        }, "Stopped. Run ha_generatekeys again; keys that are complete stay.");
        return command;
    }

    private static Command ProvisionStandby(CommandContext context) => Provision(
        context, "provision_standby", "On the secondary node, second: waits for ha_deploy on the primary node, and lets it set this node up.", witness: false);

    private static Command ProvisionWitness(CommandContext context) => Provision(
        context, "provision_witness", "On a third machine: waits for ha_deploy on the primary node, and becomes the cluster's third vote.", witness: true);

    private static Command Provision(CommandContext context, string name, string help, bool witness)
    {
        var secretFile = new Option<FileInfo?>("--secret-file") { Description = "file with the one-time secret, or - for standard input; asked for when it is left out" };
        var listen = new Option<string>("--listen") { Description = "address to wait on", DefaultValueFactory = _ => "any" };
        var command = new Command(name, help) { secretFile, listen };
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            Machine.RequireRoot("tgctl ha " + name);
            if ((witness ? Witness.MissingPackages() : LocalNode.MissingPackages()).ToArray() is { Length: > 0 } missing)
            {
                throw new TgctlException($"This {(witness ? "machine" : "node")} lacks packages: apt-get install {string.Join(' ', missing)}");
            }

            var address = parsed.GetValue(listen) is var text and not "any"
                ? IPAddress.TryParse(text, out var own) ? own : throw new TgctlException($"'{text}' is no IP address of this machine.")
                : IPAddress.IPv6Any;
            var secret = parsed.GetValue(secretFile) is { } file ? await Files.ReadPasswordAsync(file, cancellationToken) : await AskAsync(context, "One-time secret that ha_generatekeys printed", cancellationToken);
            await new ProvisioningListener(Clock, context.Progress(parsed)).RunAsync(secret, address, witness, cancellationToken);
            context.Print(parsed, new JsonObject { ["provisioned"] = true }, _ => { });
        }, "Stopped waiting. Run the command again to go on.");
        return command;
    }

    private static Command Deploy(CommandContext context)
    {
        var vip = new Option<string?>("--vip") { Description = "virtual address of the cluster" };
        var hostName = new Option<string?>("--host-name") { Description = "name that leads to the virtual address, for the certificate; the address itself when left out" };
        var peer = new Option<string?>("--peer") { Description = "public address of the secondary node" };
        var own = new Option<string?>("--address") { Description = "public address of this node" };
        var ownPrivate = new Option<string?>("--private-address") { Description = "address of this node on the link between the nodes; the public one when there is no such link" };
        var peerPrivate = new Option<string?>("--peer-private-address") { Description = "the same of the secondary node" };
        var witness = new Option<string?>("--witness") { Description = "address of the third vote, where tgctl ha provision_witness waits" };
        var fencing = new Option<FileInfo?>("--fencing") { Description = "JSON file that says how each node is switched off; see the operator's guide" };
        var withoutWitness = new Option<bool>("--without-witness") { Description = "accept that a cut between the nodes can stop both" };
        var withoutFencing = new Option<bool>("--without-fencing") { Description = "accept that acknowledged changes can be lost" };
        var yes = CommandContext.YesOption();
        var command = new Command("deploy", "On the primary node, third: copies database, master key and certificates to the secondary node and starts the cluster.")
        {
            vip, hostName, own, peer, ownPrivate, peerPrivate, witness, fencing, withoutWitness, withoutFencing, yes,
        };
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            Machine.RequireRoot("ha_deploy");
            async Task<string> Given(Option<string?> option, string question) => parsed.GetValue(option) ?? await AskAsync(context, question, cancellationToken);

            var virtualAddress = await Given(vip, "Virtual address of the cluster");
            var address = await Given(own, "Public address of this node");
            var peerAddress = await Given(peer, "Public address of the secondary node");
            var request = new DeploymentRequest(
                virtualAddress,
                address,
                parsed.GetValue(ownPrivate) ?? address,
                peerAddress,
                parsed.GetValue(peerPrivate) ?? peerAddress,
                parsed.GetValue(witness),
                parsed.GetValue(fencing) is { } file ? FencingPlan.FromJson(await Files.ReadTextAsync(file, cancellationToken)) : null,
                parsed.GetValue(hostName),
                parsed.GetValue(withoutWitness),
                parsed.GetValue(withoutFencing));
            await new Deployment(Clock, context.Progress(parsed), (question, token) => context.ConfirmAsync(parsed, yes, question, token)).RunAsync(request, cancellationToken);
            if (context.Connection.Json(parsed))
            {
                context.Print(parsed, await StatusText.ToJsonAsync(cancellationToken), _ => { });
            }
        }, "Stopped. Nothing was changed.");
        return command;
    }

    private static Command Status(CommandContext context)
    {
        var command = new Command("status", "Shows the cluster and its replication, as this node sees them.");
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            Machine.RequireRoot("ha_status");
            if (context.Connection.Json(parsed))
            {
                context.Print(parsed, await StatusText.ToJsonAsync(cancellationToken), _ => { });
            }
            else
            {
                await StatusText.PrintAsync(context.Output, cancellationToken);
            }
        });
        return command;
    }

    private static Command Start(CommandContext context)
    {
        var noWait = new Option<bool>("--no-wait") { Description = "do not wait until the node has joined" };
        var command = new Command("cluster_start", "Starts the cluster on this node: it joins as a standby, or serves when the other node is away.") { noWait };
        Operate(
            context, command, "ha_cluster_start", (operation, parsed, cancellationToken) => operation.StartAsync(!parsed.GetValue(noWait), cancellationToken),
            "Stopped waiting; the node goes on joining. See ha_status, or run ha_cluster_start again to wait for it; ha_cluster_stop takes it back.");
        return command;
    }

    private static Command Stop(CommandContext context)
    {
        var command = new Command("cluster_stop", "Stops the cluster on this node: requests under way finish, then the other node takes over.");
        Operate(context, command, "ha_cluster_stop", (operation, _, cancellationToken) => operation.StopAsync(cancellationToken), "Stopped. Nothing was changed.");
        return command;
    }

    private static Command SwitchOver(CommandContext context)
    {
        var command = new Command("switchover", "Has the other node serve; waiting requests are held meanwhile, and both nodes stay in the cluster.");
        Operate(
            context, command, "tgctl ha switchover", (operation, _, cancellationToken) => operation.SwitchOverAsync(cancellationToken),
            "Stopped waiting. The other node may have taken over: see ha_status which one is active, and run tgctl ha switchover again where it is the wrong one.");
        return command;
    }

    private static Command Diverged(CommandContext context)
    {
        var command = new Command("diverged", "On a node whose database waits for a decision: shows the rows that only it has.");
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            Machine.RequireRoot("tgctl ha diverged");
            var divergence = new Divergence(context.Output);
            var rows = await divergence.OnlyHereAsync(cancellationToken);
            context.Print(parsed, new JsonObject { ["peer"] = divergence.Peer, ["onlyHere"] = new JsonArray([.. rows.Select(row => JsonValue.Create(row))]) }, _ =>
            {
                foreach (var row in rows)
                {
                    context.Output.WriteLine(Tables.Plain(row));
                }

                context.Output.WriteLine(rows.Count == 0
                    ? $"{divergence.Peer} has every row of this node. To go on with its database: tgctl ha discard"
                    : $"{rows.Count} row(s) are as they are above on this node only. Enter at {divergence.Peer} what is still wanted; then give this node's database up: tgctl ha discard");
            });
        }, "Stopped. Nothing was changed.");
        return command;
    }

    private static Command Discard(CommandContext context)
    {
        var yes = CommandContext.YesOption();
        var command = new Command("discard", "On such a node: puts its database aside and joins with a copy of the other node's.") { yes };
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            Machine.RequireRoot("tgctl ha discard");
            var divergence = new Divergence(context.Progress(parsed));
            await context.ConfirmAsync(parsed, yes, "This node's database is put aside; what only it has (tgctl ha diverged) is in the cluster no more.", cancellationToken);
            var aside = await divergence.DiscardAsync(Clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
            context.Print(parsed, new JsonObject { ["keptAt"] = aside }, _ => { });
        }, "Stopped. See ha_status whether this node is joining already; if not, run tgctl ha discard again.");
        return command;
    }

    private static Command TearDown(CommandContext context)
    {
        var yes = CommandContext.YesOption();
        var command = new Command("teardown", "Takes this node out of the cluster for good: stand-alone, with all its data. The other node is not touched.") { yes };
        context.RunHere(command, async (parsed, cancellationToken) =>
        {
            var operation = OfRoot("ha_teardown", context, parsed);
            if (Plans.OfThisMachine() is not null)
            {
                await context.Errors.WriteLineAsync(
                    """

                    WARNING: You are about to destroy the HA cluster configuration
                    and convert this service node into stand-alone mode without a cluster.

                    This script operates on the local service node and will not
                    affect the remote service node.

                    """);
                if (await Operation.WarningOfTearDownAsync(cancellationToken) is { } warning)
                {
                    await context.Errors.WriteLineAsync($"WARNING: {warning}\n");
                }

                await context.ConfirmAsync(parsed, yes, "Destroy HA cluster and convert to stand-alone?", cancellationToken);
            }

            context.Print(parsed, await operation.TearDownAsync(cancellationToken), _ => { });
        }, "Stopped half way. Run ha_teardown again: it goes on where it was.");
        return command;
    }

    private static void Operate(CommandContext context, Command command, string name, Func<Operation, ParseResult, CancellationToken, Task<JsonObject>> work, string stopped) => context.RunHere(
        command, async (parsed, cancellationToken) => context.Print(parsed, await work(OfRoot(name, context, parsed), parsed, cancellationToken), _ => { }), stopped);

    private static Operation OfRoot(string name, CommandContext context, ParseResult parsed)
    {
        Machine.RequireRoot(name);
        return new Operation(Clock, context.Progress(parsed));
    }

    private static async Task<string> AskAsync(CommandContext context, string question, CancellationToken cancellationToken)
    {
        await context.Errors.WriteAsync(question + ": ");
        return (await context.ReadLineAsync(cancellationToken))?.Trim() is { Length: > 0 } answer
            ? answer
            : throw new TgctlException($"Nothing was entered for '{question}'. Nothing was changed.");
    }
}
