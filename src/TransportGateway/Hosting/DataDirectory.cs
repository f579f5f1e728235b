using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>The gateway's own directory, held by one process at a time.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream heldLock)
    {
        Path = path;
        _lock = heldLock;
    }

    public string Path { get; }

    public string Database => System.IO.Path.Combine(Path, "gateway.db");

    public string MasterKey => System.IO.Path.Combine(Path, "master.key");

    /// <summary>The root certificate, for products and test harnesses to trust; public.</summary>
    public string TrustAnchor => System.IO.Path.Combine(Path, "root.pem");

    /// <summary>Whether no gateway was ever started here.</summary>
    public bool IsNew => !File.Exists(MasterKey);

    public string ControlSocket => System.IO.Path.Combine(Path, "control.sock");

    /// <exception cref="DatabaseUnusableException">It cannot be made, written, or another gateway holds it.</exception>
    public static DataDirectory Open(string path)
    {
        // sun_path holds 108 bytes, the last of which is zero.
        const int MostSocketPathBytes = 107;
        var full = System.IO.Path.GetFullPath(path);
        if (System.Text.Encoding.UTF8.GetByteCount(System.IO.Path.Combine(full, "control.sock")) > MostSocketPathBytes)
        {
            throw new DatabaseUnusableException($"data-directory: {full} is too long for a socket in it; choose a path of at most 94 bytes.");
        }

        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(full);
            }
            else
            {
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            return new DataDirectory(full, new FileStream(System.IO.Path.Combine(full, "gateway.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DatabaseUnusableException($"data-directory: {full} cannot be written. Give this user the rights, or choose another directory.", exception);
        }
        catch (IOException exception)
        {
            throw new DatabaseUnusableException($"data-directory: {full} cannot be used; is another gateway running on it? ({exception.Message})", exception);
        }
    }

    public void Dispose() => _lock.Dispose();
}
