using System.CommandLine;
using System.Globalization;
using TransportGateway.Simulators.Central;

namespace TransportGateway.Simulators.Commands;

/// <summary><c>tgsim central run</c>: a Software Central to try synchronisation with.</summary>
internal static class CentralCommand
{
    public static Command Create(TimeProvider clock)
    {
        var state = new Option<string>("--state") { Description = "directory for what it knows; the same again after a restart", Required = true };
        var address = new Option<string>("--address") { Description = "address to listen on", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "port", DefaultValueFactory = _ => 9443 };
        var smartAccounts = new Option<string[]>("--smart-account") { Description = "Smart Accounts to have, by name", AllowMultipleArgumentsPerToken = true };
        var entitlements = new Option<string[]>("--entitlement")
        {
            Description = "SMART-ACCOUNT/VIRTUAL-ACCOUNT/TAG=QUANTITY: perpetual licences to grant, any number of them",
            AllowMultipleArgumentsPerToken = true,
        };
        var run = new Command("run", "Runs it until it is stopped; prints how a gateway is pointed at it.") { state, address, port, smartAccounts, entitlements };
        run.SetAction(async (parsed, cancellationToken) =>
        {
            var folder = Path.GetFullPath(parsed.GetValue(state)!);
            await using var central = await SoftwareCentral.StartAsync(
                folder,
                clock,
                parsed.GetValue(port),
                address: System.Net.IPAddress.TryParse(parsed.GetValue(address), out var listen) ? listen : throw new UsageException($"{parsed.GetValue(address)} is no IP address."));
            foreach (var name in (parsed.GetValue(smartAccounts) ?? []).Where(name => !central.SmartAccounts.Contains(name, StringComparer.OrdinalIgnoreCase)))
            {
                central.AddSmartAccount(name);
            }

            foreach (var text in parsed.GetValue(entitlements) ?? [])
            {
                Grant(central, text, clock.GetUtcNow());
            }

            var output = parsed.InvocationConfiguration.Output;
            await output.WriteLineAsync($"A simulated Software Central runs at {central.Address}");
            await output.WriteLineAsync("Point a gateway at it:");
            await output.WriteLineAsync(
                $"  tgctl central set --address {central.Address} --token-address {central.TokenAddress} --client-id-at-cisco {central.ClientId} "
                + $"--client-secret-file {folder}/client-secret --exchange-anchors {folder}/root.pem --tls-anchors {folder}/root.pem");
            await output.WriteLineAsync("Files are answered at /portal/registrations and /portal/synchronizations:");
            await output.WriteLineAsync($"  curl --cacert {folder}/root.pem --data-binary @request.tgx {new Uri(central.Address, "/portal/synchronizations")} -o response.tgx");
            await output.FlushAsync(cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        });
        return new Command("central", "A simulated Cisco Software Central.") { run };
    }

    private static void Grant(SoftwareCentral central, string text, DateTimeOffset now)
    {
        var at = text.LastIndexOf('=');
        var parts = at < 0 ? [] : text[..at].Split('/', 3);
        if (parts.Length != 3 || !long.TryParse(text[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var quantity) || quantity == 0)
        {
            throw new UsageException($"{text} is not SMART-ACCOUNT/VIRTUAL-ACCOUNT/TAG=QUANTITY with a quantity from 1.");
        }

        if (!central.SmartAccounts.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
        {
            central.AddSmartAccount(parts[0]);
        }

        central.Grant(parts[0], parts[1], new CentralEntitlement { Id = "tgsim-" + parts[2], Tag = parts[2], Name = parts[2], Quantity = quantity, StartDate = now.AddDays(-1) });
    }
}
