using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary>What every command shares: the connection, the three streams, and how failures are told.</summary>
internal sealed class CommandContext(ConnectionOptions connection, TextReader input, TextWriter output, TextWriter errors)
{
    /// <summary>How JSON is shown to people.</summary>
    public static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public TextReader Input => input;

    public TextWriter Output => output;

    public TextWriter Errors => errors;

    public ConnectionOptions Connection => connection;

    /// <summary>Gives a command its work with a gateway; a failure becomes one sentence on the error stream, and an exit code.</summary>
    public void Run(Command command, Func<ParseResult, ApiClient, CancellationToken, Task> work) => RunHere(command, async (parsed, cancellationToken) =>
    {
        using var api = await ApiClient.ConnectAsync(connection, parsed, errors, cancellationToken);
        await work(parsed, api, cancellationToken);
    });

    /// <summary>The same for work on the machine that the console runs on.</summary>
    /// <param name="stopped">How to go on or back after a Ctrl-C.</param>
    public void RunHere(Command command, Func<ParseResult, CancellationToken, Task> work, string stopped = "Stopped.") => command.SetAction(async (parsed, cancellationToken) =>
    {
        try
        {
            await work(parsed, cancellationToken);
            return ExitCodes.Done;
        }
        catch (TgctlException exception)
        {
            await errors.WriteLineAsync(exception.Message);
            return exception is UnreachableException ? ExitCodes.Unreachable : ExitCodes.Refused;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await errors.WriteLineAsync(stopped);
            return 1;
        }
    });

    /// <summary>Prints the answer as JSON where that was asked for, else hands it to the table.</summary>
    public void Print(ParseResult parsed, JsonNode answer, Action<JsonNode> table)
    {
        if (connection.Json(parsed))
        {
            output.WriteLine(answer.ToJsonString(Indented));
        }
        else
        {
            table(answer);
        }
    }

    /// <summary>Where a command that takes its time tells what it does: never between the lines of a JSON answer.</summary>
    public TextWriter Progress(ParseResult parsed) => connection.Json(parsed) ? errors : output;

    /// <summary>Tells what a command without an answer did: as JSON where that was asked for, else in a sentence.</summary>
    public void Tell(ParseResult parsed, JsonObject done, string sentence) => Print(parsed, done, _ => output.WriteLine(sentence));

    /// <summary>What cannot be brought back is done only on a yes: from the command line, or from standard input after the question.</summary>
    public async Task ConfirmAsync(ParseResult parsed, Option<bool> yes, string question, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(yes))
        {
            return;
        }

        await errors.WriteAsync($"{question} Enter 'yes' to continue: ");
        if (await ReadLineAsync(cancellationToken) is not "yes")
        {
            throw new TgctlException("Nothing was changed. Where nobody can answer, give --yes.");
        }
    }

    /// <summary>Reading from a terminal does not end by a Ctrl-C; waiting for it does.</summary>
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken) => Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);

    public static Option<bool> YesOption() => new("--yes", "-y") { Description = "do not ask" };

    /// <summary>The account that was named, or the only one there is.</summary>
    public static async Task<string> AccountAsync(ApiClient api, string? named, CancellationToken cancellationToken)
    {
        if (named is not null)
        {
            return named;
        }

        var names = (await api.ListAsync("/api/v2/accounts", cancellationToken)).Select(account => account!["name"]!.GetValue<string>()).ToArray();
        return names switch
        {
            [var only] => only,
            [] => throw new TgctlException("There is no local account yet. Create one: tgctl account create NAME"),
            _ => throw new TgctlException($"There are several local accounts; say which with --account: {string.Join(", ", names)}"),
        };
    }

    public static Option<string?> AccountOption() => new("--account") { Description = "local account; may be left out when there is only one" };

    public static Option<string> VirtualAccountOption() =>
        new("--virtual-account") { Description = "local virtual account", DefaultValueFactory = _ => "Default" };

    public static async Task<string> VirtualAccountPathAsync(ApiClient api, string? account, string virtualAccount, CancellationToken cancellationToken) =>
        $"/api/v2/accounts/{Uri.EscapeDataString(await AccountAsync(api, account, cancellationToken))}/virtual-accounts/{Uri.EscapeDataString(virtualAccount)}";
}

/// <summary>What went wrong, in a sentence that says what to do.</summary>
internal class TgctlException(string message) : Exception(message);

/// <summary>No gateway answered.</summary>
internal sealed class UnreachableException(string message) : TgctlException(message);

/// <summary>What scripts read; the help and the operator's guide name them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>By the gateway, or by who was asked.</summary>
    public const int Refused = 1;

    public const int WrongUse = 2;
    public const int Unreachable = 3;
}
