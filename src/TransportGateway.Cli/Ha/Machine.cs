using System.ComponentModel;
using System.Diagnostics;

namespace TransportGateway.Cli.Ha;

/// <summary>What the HA commands do to the machine that they run on: programs and files.</summary>
internal static class Machine
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode AllRead = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static void RequireRoot(string command)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new TgctlException($"{command} changes the machine and needs root: sudo {command}");
        }
    }

    /// <summary>Runs a program; it reads nothing.</summary>
    /// <exception cref="TgctlException">It is not installed.</exception>
    public static async Task<ToolResult> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken, string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        try
        {
            using var process = Process.Start(start)!;
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            }

            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.WaitForExitAsync(cancellationToken);
                return new ToolResult(process.ExitCode, await output, await errors);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
        catch (Win32Exception)
        {
            throw new TgctlException($"The program {program} is not installed. See the operator's guide, Two nodes: Packages.");
        }
    }

    /// <summary>Runs a program that has to succeed. Returns what it wrote.</summary>
    /// <param name="what">What is being done, as in "PostgreSQL is started", for the sentence that tells of a failure.</param>
    public static async Task<string> MustAsync(string what, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var result = await RunAsync(command[0], [.. command.Skip(1)], cancellationToken);
        return result.Code == 0 ? result.Output : throw new TgctlException($"It failed while {what}: {result.LastWords}");
    }

    public static Task<string> SystemctlAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        MustAsync($"systemctl {string.Join(' ', arguments)} ran", ["systemctl", .. arguments], cancellationToken);

    public static async Task<bool> IsActiveAsync(string unit, CancellationToken cancellationToken) =>
        (await RunAsync("systemctl", ["is-active", "--quiet", unit], cancellationToken)).Code == 0;

    public static async Task<bool> IsEnabledAsync(string unit, CancellationToken cancellationToken) =>
        (await RunAsync("systemctl", ["is-enabled", "--quiet", unit], cancellationToken)).Code == 0;

    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin").Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Writes a file as a whole: it is there in full, with its rights, or not at all.</summary>
    public static Task WriteSecretAsync(string path, byte[] content, string owner, CancellationToken cancellationToken) =>
        WriteAsync(path, content, owner, OwnerOnly, cancellationToken);

    public static Task WriteAsync(string path, string content, string owner, CancellationToken cancellationToken) =>
        WriteAsync(path, System.Text.Encoding.UTF8.GetBytes(content), owner, AllRead, cancellationToken);

    public static async Task FolderAsync(string path, string owner, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(path, mode);
        File.SetUnixFileMode(path, mode);
        await MustAsync($"{path} got its owner", ["chown", owner, path], cancellationToken);
    }

    private static async Task WriteAsync(string path, byte[] content, string owner, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".new";
        File.Delete(temporary);
        await using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            await file.WriteAsync(content, cancellationToken);
            file.Flush(flushToDisk: true);
        }

        // Also where the process's mask took rights away.
        File.SetUnixFileMode(temporary, mode);
        await MustAsync($"{path} got its owner", ["chown", owner, temporary], cancellationToken);
        File.Move(temporary, path, overwrite: true);
    }
}

/// <summary>How a program ended, and what it wrote.</summary>
internal sealed record ToolResult(int Code, string Output, string Errors)
{
    /// <summary>The end of what it wrote, for a sentence.</summary>
    public string LastWords
    {
        get
        {
            var lines = (Errors.Trim().Length > 0 ? Errors : Output).Trim().Split('\n');
            return Tables.Plain(string.Join(" / ", lines.TakeLast(3).Select(line => line.Trim())));
        }
    }
}
