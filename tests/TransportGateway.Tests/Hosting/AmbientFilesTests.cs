using TransportGateway.Tests.Crash;

namespace TransportGateway.Tests.Hosting;

/// <summary>The folder that a service manager starts the gateway in is often the root of the machine: what lies there is none of its business.</summary>
public sealed class AmbientFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-ambient-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_gateway_watches_no_files_of_the_folder_that_it_was_started_in()
    {
        using var process = GatewayProcess.Start("--data-directory", _folder, "--listen-https", "127.0.0.1:0");
        try
        {
            await GatewayProcess.WaitUntilReadyAsync(process, Path.Combine(_folder, "control.sock"));

            var open = Directory.GetFiles($"/proc/{process.Id}/fd").Select(descriptor => new FileInfo(descriptor).LinkTarget);

            Assert.DoesNotContain("anon_inode:inotify", open);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }
}
