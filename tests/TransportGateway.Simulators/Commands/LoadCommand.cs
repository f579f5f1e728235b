using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using TransportGateway.Simulators.Load;

namespace TransportGateway.Simulators.Commands;

internal static class LoadCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static Command Create(TimeProvider clock)
    {
        var command = new Command(
            "load",
            "Puts a bounded load of many products on a gateway on this machine and prints rates, latencies and every kind of failure. "
                + "Accepts loopback addresses only.");
        var url = ProductOptions.UrlOption();
        var ca = new Option<FileInfo>("--ca") { Description = "PEM file with the gateway's root certificate.", Required = true };
        var transport = ProductOptions.TransportOption();
        var token = RegisterCommand.TokenOption();
        var instances = Number("--instances", 100, "Products registered beforehand, to authorize and renew.");
        var mix = new Option<string>("--mix")
        {
            Description = "Percent of each operation, adding up to 100, such as register=10,authorize=80,renew=10.",
            DefaultValueFactory = _ => "authorize=100",
        };
        var connections = Number("--connections", 8, "Requests under way at any time.");
        var fresh = new Option<bool>("--fresh-connections") { Description = "A new TLS connection with a full handshake for every request." };
        var requests = Number("--requests", 1000, "Ends after so many requests ...");
        var seconds = Number("--seconds", 30, "... or after so many seconds, whichever comes first.");
        var presign = new Option<bool>("--presign") { Description = "Signs all messages beforehand, so that signing does not slow the client down." };
        var verify = new Option<LoadVerification>("--verify")
        {
            Description = "When answers are verified: now, later (after the measurement, so that it does not slow the client down) or never.",
        };
        var keys = Number("--keys", 4, "How many keys the products share.");
        var json = new Option<bool>("--json") { Description = "Prints the report as JSON." };
        foreach (var option in new Option[]
        {
            url, ca, transport, token, instances, mix, connections, fresh, requests, seconds, presign, verify, keys, json,
        })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var address = parsed.GetRequiredValue(url);
            var plan = new LoadPlan
            {
                Address = address,
                Transport = ProductOptions.TransportOf(address, parsed.GetValue(transport)),
                Anchors = ProductOptions.ReadAnchors(parsed.GetRequiredValue(ca)),
                Token = parsed.GetRequiredValue(token),
                Instances = parsed.GetValue(instances),
                Mix = LoadMix.TryParse(parsed.GetRequiredValue(mix))
                    ?? throw new UsageException(
                        "--mix has to add up to 100 percent of register, authorize and renew, such as register=10,authorize=80,renew=10."),
                Connections = parsed.GetValue(connections),
                FreshConnections = parsed.GetValue(fresh),
                Requests = parsed.GetValue(requests),
                Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                Presign = parsed.GetValue(presign),
                Verification = parsed.GetValue(verify),
                Keys = parsed.GetValue(keys),
                Clock = clock,
            };
            if (plan.Faults().ToArray() is { Length: > 0 } faults)
            {
                throw new UsageException(string.Join(Environment.NewLine, faults));
            }

            using var run = new LoadRun(plan);
            LoadReport report;
            try
            {
                report = await run.ExecuteAsync(cancellationToken);
            }
            catch (LoadPreparationException error)
            {
                throw new UsageException(error.Message);
            }

            var output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
            {
                output.WriteLine(JsonSerializer.Serialize(report, Json));
            }
            else
            {
                report.WriteTo(output, plan);
            }

            return report.NotAccepted == 0 ? ExitCode.Accepted : ExitCode.Refused;
        });
        return command;
    }

    private static Option<int> Number(string name, int fallback, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };
}
