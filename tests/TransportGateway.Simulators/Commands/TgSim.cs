using System.CommandLine;
using System.Security.Cryptography;

namespace TransportGateway.Simulators.Commands;

/// <summary>The console: simulated products at work on a gateway, one command each.</summary>
public static class TgSim
{
    public static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, TimeProvider clock, CancellationToken cancellationToken = default)
    {
        var root = new RootCommand(
            """
            Simulated Cisco products (Unified CM, Prime Infrastructure) that register with a licensing gateway and report their licences.

            They trust the root certificate given with --ca and nothing else; a real product trusts Cisco's root only.
            Their tags are invented in the observed style, because the real ones are not public.
            Exit code: 0 accepted, 1 wrong use, 2 refused by the gateway, 3 answer not to be believed, 4 gateway not reached.
            """)
        {
            RegisterCommand.Create(clock),
            AuthorizeCommand.Create(clock),
            RenewCommand.Create(clock),
            DeregisterCommand.Create(clock),
            ShowCommand.Create(),
            SeedCommand.Create(clock),
            RunCommand.Create(clock),
            LoadCommand.Create(clock),
            CentralCommand.Create(clock),
        };
        try
        {
            return await root.Parse(args).InvokeAsync(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false }, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Stopped.");
            return ExitCode.WrongUse;
        }
        catch (Exception failure) when (failure is UsageException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            await error.WriteLineAsync(failure.Message);
            return ExitCode.WrongUse;
        }
    }
}

/// <summary>What scripts can tell apart.</summary>
internal static class ExitCode
{
    public const int Accepted = 0;
    public const int WrongUse = 1;
    public const int Refused = 2;
    public const int NotBelieved = 3;
    public const int NotReached = 4;

    public static int Of(ProductResult result) => result switch
    {
        ProductResult.Accepted => Accepted,
        ProductResult.Refused or ProductResult.MustPoll => Refused,
        ProductResult.Unverifiable => NotBelieved,
        ProductResult.Unreachable => NotReached,
        _ => WrongUse,
    };
}

/// <summary>Something the user can put right; the message is a sentence that says how.</summary>
internal sealed class UsageException(string message) : Exception(message);
