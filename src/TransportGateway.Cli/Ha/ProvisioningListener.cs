using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>Waits on the secondary node, or on the witness, for the primary node's <c>ha_deploy</c>, and does what that asks for.</summary>
internal sealed class ProvisioningListener(TimeProvider clock, TextWriter output)
{
    private const int MostWrongSecrets = 5;

    /// <summary>Until a deployment has come to its end.</summary>
    public async Task RunAsync(string secret, IPAddress address, bool witness, CancellationToken cancellationToken)
    {
        using var certificate = SecretChannel.CertificateForNow(clock);
        using var listener = new TcpListener(address, HaPaths.ProvisioningPort);
        if (address.Equals(IPAddress.IPv6Any))
        {
            listener.Server.DualMode = true;
        }

        try
        {
            listener.Start();
        }
        catch (SocketException exception)
        {
            throw new TgctlException($"Port {HaPaths.ProvisioningPort} cannot be listened on ({exception.Message}). Is the same command running already?");
        }

        await output.WriteLineAsync(witness
            ? $"This machine is ready to be the witness. Waiting for ha_deploy on the primary node (port {HaPaths.ProvisioningPort}). Ctrl-C stops waiting."
            : $"This node is ready to be provisioned. Waiting for ha_deploy on the primary node (port {HaPaths.ProvisioningPort}). Ctrl-C stops waiting; nothing was changed yet.");
        var serving = Task.FromResult(false);
        var calling = listener.AcceptTcpClientAsync(cancellationToken).AsTask();
        var wrong = 0;
        while (true)
        {
            // Looked at once a round: what ends after that ends the wait below.
            var isIdle = serving.IsCompleted;
            if (isIdle && await serving)
            {
                return;
            }

            if (isIdle && wrong >= MostWrongSecrets)
            {
                throw new TgctlException($"{MostWrongSecrets} callers did not know the one-time secret. Run ha_generatekeys on the primary node for a new one, then this command again.");
            }

            if (await Task.WhenAny(isIdle ? calling : serving, calling) != calling)
            {
                continue;
            }

            var client = await calling;
            calling = listener.AcceptTcpClientAsync(cancellationToken).AsTask();
            if (await SecretChannel.AcceptAsync(client, certificate, secret, cancellationToken) is { } channel)
            {
                serving = FinishThenServeAsync(serving, channel, cancellationToken);
                continue;
            }

            wrong++;
            await output.WriteLineAsync("Somebody called who does not know the one-time secret. Nothing was changed.");
        }
    }

    /// <summary>One after the other: an earlier call, whose caller may be gone, ends with the task that it is at.</summary>
    private async Task<bool> FinishThenServeAsync(Task<bool> earlier, SecretChannel channel, CancellationToken cancellationToken)
    {
        await using (channel)
        {
            if (!earlier.IsCompleted)
            {
                await TellAsync(channel, "  an earlier ha_deploy is not finished there; waiting for that", cancellationToken);
            }

            if (await earlier || await ServeAsync(channel, cancellationToken))
            {
                return true;
            }
        }

        await output.WriteLineAsync("The primary node hung up before it was done. Waiting for it to call again.");
        return false;
    }

    /// <summary>Returns true after the last task.</summary>
    private async Task<bool> ServeAsync(SecretChannel channel, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync($"{channel.RemoteAddress} knows the secret.");
        try
        {
            while (true)
            {
                var message = await channel.ReceiveAsync(cancellationToken);
                var task = message["task"]!.GetValue<string>();
                if (task == "finished")
                {
                    await channel.SendAsync(new JsonObject { ["done"] = new JsonObject() }, cancellationToken);
                    await output.WriteLineAsync("Done.");
                    return true;
                }

                try
                {
                    await channel.SendAsync(new JsonObject { ["done"] = await TryAsync(task, message, channel, cancellationToken) }, cancellationToken);
                }
                catch (TgctlException exception)
                {
                    await output.WriteLineAsync(exception.Message);
                    await channel.SendAsync(new JsonObject { ["problem"] = exception.Message }, cancellationToken);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or JsonException or FormatException or NullReferenceException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <exception cref="TgctlException">It could not be done, for whatever reason on this machine.</exception>
    private async Task<JsonNode> TryAsync(string task, JsonNode message, SecretChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            return await DoAsync(task, message, channel, cancellationToken);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new TgctlException(exception.Message);
        }
    }

    private async Task<JsonNode> DoAsync(string task, JsonNode message, SecretChannel channel, CancellationToken cancellationToken)
    {
        void Tell(string sentence)
        {
            output.WriteLine(sentence);
            TellAsync(channel, sentence, cancellationToken).GetAwaiter().GetResult();
        }

        switch (task)
        {
            case "inspect":
                return await LocalNode.InspectAsync(message["fenceAgent"]?.GetValue<string>(), cancellationToken);
            case "time":
                return new JsonObject { ["time"] = clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture) };
            case "leave":
                if (await Machine.IsActiveAsync(HaPaths.CorosyncUnit, cancellationToken))
                {
                    await LocalNode.StopClusterAsync(output.WriteLine, cancellationToken);
                }

                return new JsonObject();
            case "install":
                await output.WriteLineAsync("Installing keys, master key and configuration...");
                await LocalNode.InstallAsync(Plan(message), Fencing(message), Files(message), Convert.FromBase64String(message["masterKey"]!.GetValue<string>()), cancellationToken);
                return new JsonObject();
            case "copy-database":
                await output.WriteLineAsync("Copying the database...");
                await LocalNode.CopyDatabaseAsync(Plans.Needed(), clock, Tell, cancellationToken);
                return new JsonObject();
            case "join-witness":
                await Witness.ImportAsync(Bytes(message, "authority"), Bytes(message, "bundle"), cancellationToken);
                return new JsonObject();
            case "start-membership":
                await LocalNode.StartMembershipAsync(Plans.Needed(), Tell, cancellationToken);
                return new JsonObject();
            case "start":
                await LocalNode.StartClusterAsync(Plans.Needed(), Tell, cancellationToken);
                return new JsonObject();
            case "witness-authority":
                return await Witness.AuthorityAsync(cancellationToken);
            case "witness-sign":
                await output.WriteLineAsync("Signing the cluster's certificate, starting the witness...");
                return await Witness.SignAsync(message["cluster"]!.GetValue<string>(), Bytes(message, "request"), cancellationToken);
            default:
                throw new TgctlException($"The primary node asks for '{Tables.Plain(task)}', which this version does not know. Install the same version on both.");
        }
    }

    /// <summary>Whoever has hung up meanwhile is noticed at the answer.</summary>
    private static async Task TellAsync(SecretChannel channel, string sentence, CancellationToken cancellationToken)
    {
        try
        {
            await channel.SendAsync(new JsonObject { ["progress"] = sentence }, cancellationToken);
        }
        catch (IOException)
        {
            // Half a task done would be worse than one whose end nobody hears of.
        }
    }

    private static ClusterPlan Plan(JsonNode message) => ClusterPlan.FromJson(message["plan"]!.GetValue<string>());

    private static FencingPlan? Fencing(JsonNode message) => message["fencing"]?.GetValue<string>() is { } text ? FencingPlan.FromJson(text) : null;

    private static Dictionary<string, byte[]> Files(JsonNode message) =>
        message["files"]!.AsObject().ToDictionary(file => file.Key, file => Convert.FromBase64String(file.Value!.GetValue<string>()), StringComparer.Ordinal);

    private static byte[] Bytes(JsonNode message, string name) => Convert.FromBase64String(message[name]!.GetValue<string>());
}
