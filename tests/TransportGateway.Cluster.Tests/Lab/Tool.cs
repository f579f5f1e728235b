using System.Diagnostics;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>Runs a program and tells how it ended.</summary>
internal static class Tool
{
    public static async Task<(int Code, string Output, string Errors)> RunAsync(IReadOnlyList<string> command, string? input = null, CancellationToken cancellationToken = default)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static async Task<string> MustAsync(params string[] command)
    {
        var (code, output, errors) = await RunAsync(command);
        return code == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {code}: {errors}{output}");
    }
}
