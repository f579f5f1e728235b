using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Org.BouncyCastle.Bcpg;
using Org.BouncyCastle.Bcpg.OpenPgp;
using Org.BouncyCastle.Security;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>A backup as a file: OpenPGP, encrypted with the recovery key; inside a compressed tar of a manifest, the master key, and a SQLite database.</summary>
/// <remarks>Standard forms, so that <c>gpg --decrypt</c> and <c>tar</c> open it also where there is no gateway any more.</remarks>
internal static class BackupFile
{
    public const int Format = 1;
    private const string ManifestEntry = "manifest.json";
    private const string MasterKeyEntry = "master.key";
    private const string DatabaseEntry = "gateway.db";
    private const int BufferSize = 64 * 1024;
    private const int MostManifestBytes = 16 * 1024 * 1024;
    private const int MasterKeyBytes = 32;

    /// <param name="folder">Holds the database as <c>gateway.db</c>.</param>
    public static async Task WriteAsync(Stream target, Secret recoveryKey, BackupManifest manifest, byte[] masterKey, string folder, CancellationToken cancellationToken)
    {
        var encryption = new PgpEncryptedDataGenerator(SymmetricKeyAlgorithmTag.Aes256, withIntegrityPacket: true, new SecureRandom());
        encryption.AddMethod(recoveryKey.Value.ToCharArray(), HashAlgorithmTag.Sha256);
        await using var encrypted = encryption.Open(target, new byte[BufferSize]);
        await using var literal = new PgpLiteralDataGenerator().Open(encrypted, PgpLiteralData.Binary, "backup.tar.gz", manifest.MadeAt.UtcDateTime, new byte[BufferSize]);
        await using var compressed = new GZipStream(literal, CompressionLevel.Fastest);
        await using var tar = new TarWriter(compressed);
        await AddAsync(tar, ManifestEntry, new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(manifest, JsonSerializerOptions.Web)), cancellationToken);
        await AddAsync(tar, MasterKeyEntry, new MemoryStream(masterKey), cancellationToken);
        await AddAsync(tar, DatabaseEntry, File.OpenRead(DatabasePath(folder)), cancellationToken);
    }

    /// <summary>Where the database of a backup is, before it is written and after it was read.</summary>
    public static string DatabasePath(string folder) => Path.Combine(folder, DatabaseEntry);

    /// <summary>Opens a backup into an empty folder. Nothing of it counts before all of it has been read and its integrity proved.</summary>
    /// <exception cref="BackupUnreadableException">The key does not open it, or it is damaged, or no backup.</exception>
    public static async Task<(BackupManifest Manifest, byte[] MasterKey)> ReadAsync(string file, Secret recoveryKey, string folder, CancellationToken cancellationToken)
    {
        try
        {
            await using var source = File.OpenRead(file);
            var message = new PgpObjectFactory(PgpUtilities.GetDecoderStream(source)).NextPgpObject() as PgpEncryptedDataList;
            if (message?.GetEncryptedDataObjects().OfType<PgpPbeEncryptedData>().FirstOrDefault() is not { } encrypted || !encrypted.IsIntegrityProtected())
            {
                throw new BackupUnreadableException("This is no backup of a gateway.");
            }

            await using var clear = encrypted.GetDataStream(recoveryKey.Value.Trim().ToUpperInvariant().ToCharArray());
            if (new PgpObjectFactory(clear).NextPgpObject() is not PgpLiteralData literal)
            {
                throw new BackupUnreadableException(WrongKey);
            }

            var content = Path.Combine(folder, "content");
            await using (var opened = NewFile(content))
            {
                await literal.GetInputStream().CopyToAsync(opened, cancellationToken);
            }

            if (!encrypted.Verify())
            {
                throw new BackupUnreadableException("The backup is damaged: its integrity does not verify.");
            }

            var read = await UnpackAsync(content, folder, cancellationToken);
            File.Delete(content);
            return read;
        }
        catch (Exception exception) when (exception is PgpException or IOException or InvalidDataException or JsonException or EndOfStreamException or ArgumentException or FormatException && exception is not FileNotFoundException)
        {
            throw new BackupUnreadableException(exception is PgpDataValidationException ? WrongKey : $"{WrongKey} ({exception.Message})");
        }
    }

    private const string WrongKey = "The recovery key does not open this file, or it is damaged, or it is no backup of a gateway.";

    /// <remarks>Entries are known by their names and go to places that are chosen here: no name in the file becomes a path.</remarks>
    private static async Task<(BackupManifest Manifest, byte[] MasterKey)> UnpackAsync(string content, string folder, CancellationToken cancellationToken)
    {
        BackupManifest? manifest = null;
        byte[]? masterKey = null;
        var hasDatabase = false;
        await using var file = File.OpenRead(content);
        await using var tar = new TarReader(new GZipStream(file, CompressionMode.Decompress));
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            switch (entry.Name)
            {
                case ManifestEntry when entry.Length <= MostManifestBytes:
                    manifest = await JsonSerializer.DeserializeAsync<BackupManifest>(entry.DataStream!, JsonSerializerOptions.Web, cancellationToken);
                    break;
                case MasterKeyEntry when entry.Length == MasterKeyBytes:
                    masterKey = new byte[MasterKeyBytes];
                    await entry.DataStream!.ReadExactlyAsync(masterKey, cancellationToken);
                    break;
                case DatabaseEntry when !hasDatabase:
                    hasDatabase = true;
                    await using (var database = NewFile(DatabasePath(folder)))
                    {
                        await entry.DataStream!.CopyToAsync(database, cancellationToken);
                    }

                    break;
                default:
                    throw new BackupUnreadableException("The backup holds something that no backup holds.");
            }
        }

        return manifest is { Format: Format } && masterKey is not null && hasDatabase
            ? (manifest, masterKey)
            : throw new BackupUnreadableException("The backup lacks something, or was made by a newer version. Use the version that made it, or a newer one.");
    }

    public static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }

    /// <summary>A file that its owner alone may read.</summary>
    public static FileStream NewFile(string path) => new(
        path,
        new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });

    private static async Task AddAsync(TarWriter tar, string name, Stream content, CancellationToken cancellationToken)
    {
        await using (content)
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite }, cancellationToken);
        }
    }
}

/// <summary>What is in a backup.</summary>
/// <param name="Version">Of the gateway that made it.</param>
/// <param name="Engine">That it ran on; the backup itself is good for either.</param>
/// <param name="HostName">The Host Common Name.</param>
/// <param name="DatabaseHash">SHA-256 of the database's file, hexadecimal.</param>
internal sealed record BackupManifest(
    int Format, string Version, string Engine, string HostName, DateTimeOffset MadeAt, IReadOnlyList<CopiedRows> Tables, string DatabaseHash);

internal sealed class BackupUnreadableException(string message) : Exception(message);
