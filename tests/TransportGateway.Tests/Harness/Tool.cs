using System.Diagnostics;

namespace TransportGateway.Tests.Harness;

/// <summary>Runs openssl and curl: judges that share no code with the gateway.</summary>
internal static class Tool
{
    public static Task<string> OpenSslAsync(params string[] arguments) => TextAsync("openssl", arguments);

    /// <summary>What it wrote on both streams; it reads nothing.</summary>
    public static async Task<string> TextAsync(string program, params string[] arguments) => (await RunAsync(program, arguments)).Text;

    public static async Task<(int Code, string Text)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(texts));
    }
}
