using System.Security.Cryptography;
using System.Text;

namespace TransportGateway.Persistence;

/// <summary>Seals what the database must not show in the clear: private keys and token texts.</summary>
/// <remarks>AES-256-GCM; a sealed value is bound to its purpose and row, so it cannot be moved to another one.</remarks>
internal sealed class MasterKey : IDisposable
{
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly AesGcm _cipher;

    public MasterKey(ReadOnlySpan<byte> key) => _cipher = new AesGcm(key, TagSize);

    /// <summary>Reads the key file, or makes it on the first run, readable by its owner alone.</summary>
    /// <exception cref="DatabaseUnusableException">The file is not a key, or others may read it.</exception>
    public static MasterKey LoadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            WriteNew(path);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != UnixFileMode.None)
        {
            throw new DatabaseUnusableException($"The master key {path} can be read by others. Run: chmod 600 {path}");
        }

        var key = File.ReadAllBytes(path);
        if (key.Length != KeySize)
        {
            throw new DatabaseUnusableException(
                $"The master key {path} is {key.Length} bytes long instead of {KeySize}. Put back the file that belongs to this database.");
        }

        var master = new MasterKey(key);
        CryptographicOperations.ZeroMemory(key);
        return master;
    }

    public byte[] Seal(string purpose, ReadOnlySpan<byte> plain)
    {
        var sealedValue = new byte[NonceSize + TagSize + plain.Length];
        RandomNumberGenerator.Fill(sealedValue.AsSpan(0, NonceSize));
        lock (_cipher)
        {
            _cipher.Encrypt(
                sealedValue.AsSpan(0, NonceSize),
                plain,
                sealedValue.AsSpan(NonceSize + TagSize),
                sealedValue.AsSpan(NonceSize, TagSize),
                Encoding.UTF8.GetBytes(purpose));
        }

        return sealedValue;
    }

    /// <exception cref="DatabaseUnusableException">The value was sealed with another key or for another purpose.</exception>
    public byte[] Open(string purpose, ReadOnlySpan<byte> sealedValue)
    {
        if (sealedValue.Length < NonceSize + TagSize)
        {
            throw new DatabaseUnusableException($"A sealed value ({purpose}) is too short to be one.");
        }

        var plain = new byte[sealedValue.Length - NonceSize - TagSize];
        try
        {
            lock (_cipher)
            {
                _cipher.Decrypt(
                    sealedValue[..NonceSize],
                    sealedValue[(NonceSize + TagSize)..],
                    sealedValue.Slice(NonceSize, TagSize),
                    plain,
                    Encoding.UTF8.GetBytes(purpose));
            }
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new DatabaseUnusableException(
                $"A sealed value ({purpose}) does not open with this master key. Put back the master.key file that belongs to this database.", exception);
        }

        return plain;
    }

    /// <summary>A secret as settings are stored: base64, empty when there is none.</summary>
    public string SealText(string purpose, Secret secret) =>
        secret.Value.Length == 0 ? "" : Convert.ToBase64String(Seal(purpose, Encoding.UTF8.GetBytes(secret.Value)));

    /// <inheritdoc cref="Open"/>
    public Secret OpenText(string purpose, string sealedText) =>
        new(sealedText.Length == 0 ? "" : Encoding.UTF8.GetString(Open(purpose, Convert.FromBase64String(sealedText))));

    public void Dispose() => _cipher.Dispose();

    /// <remarks>Written beside its place and renamed, so a crash never leaves half a key behind.</remarks>
    private static void WriteNew(string path)
    {
        var key = RandomNumberGenerator.GetBytes(KeySize);
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(temporary, options))
        {
            file.Write(key);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path);
        CryptographicOperations.ZeroMemory(key);
    }
}
