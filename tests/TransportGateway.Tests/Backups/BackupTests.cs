using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Backups;

/// <summary>What a backup has, who can open it, and that it brings everything back on either engine.</summary>
public abstract class BackupTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public Task Everything_comes_back_on_another_gateway_with_SQLite() => ComesBackAsync<SqliteEngine>();

    [Fact]
    public Task Everything_comes_back_on_another_gateway_with_PostgreSQL() => ComesBackAsync<PostgreSqlEngine>();

    [Fact]
    public async Task Gpg_and_tar_open_a_backup_where_there_is_no_gateway()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var files = new BackupFiles();
        var key = await files.MakeAsync(gateway);

        var home = Directory.CreateDirectory(Path.Combine(files.Folder, "gpg"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var opened = Path.Combine(files.Folder, "opened.tar.gz");
        var (code, text) = await Tool.RunAsync("gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase-file", key, "--output", opened, "--decrypt", files.Backup);

        Assert.True(code == 0, text);
        await using var tar = new TarReader(new GZipStream(File.OpenRead(opened), CompressionMode.Decompress));
        var names = new List<string>();
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
        {
            names.Add(entry.Name);
            if (entry.Name == "master.key")
            {
                var bytes = new byte[entry.Length];
                await entry.DataStream!.ReadExactlyAsync(bytes);
                Assert.Equal(await File.ReadAllBytesAsync(gateway.Gateway.Directory.MasterKey), bytes);
            }
        }

        Assert.Equal(["manifest.json", "master.key", "gateway.db"], names);
    }

    [Fact]
    public async Task A_wrong_key_and_a_damaged_file_are_refused_and_nothing_changes()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var files = new BackupFiles();
        var key = await files.MakeAsync(gateway);
        var bytes = await File.ReadAllBytesAsync(files.Backup);
        var before = await DatabaseText.OfAsync(gateway.Database);

        var wrong = Path.Combine(files.Folder, "wrong");
        await File.WriteAllTextAsync(wrong, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA");
        await RefusedAsync(files.Backup, wrong, "The recovery key does not open this file");
        foreach (var (name, damaged) in new (string, byte[])[]
        {
            ("cut", bytes[..(bytes.Length / 2)]), ("empty", []), ("no backup", "hello"u8.ToArray()), ("turned bit", Turned(bytes, bytes.Length / 2)), ("turned end", Turned(bytes, bytes.Length - 3)),
        })
        {
            var file = Path.Combine(files.Folder, name);
            await File.WriteAllBytesAsync(file, damaged);
            await RefusedAsync(file, key, "Nothing was changed.");
        }

        Assert.Equal(before, await DatabaseText.OfAsync(gateway.Database));
        Assert.Empty(Directory.GetDirectories(Path.Combine(gateway.Gateway.Directory.Path, "backups")));
        await gateway.CreateTokenAsync();

        async Task RefusedAsync(string file, string keyFile, string sentence) =>
            Assert.Contains(sentence, await gateway.TgctlRefusedAsync("backup", "restore", file, "--recovery-key-file", keyFile, "--yes"), StringComparison.Ordinal);

        static byte[] Turned(byte[] bytes, int at)
        {
            var turned = (byte[])bytes.Clone();
            turned[at] ^= 4;
            return turned;
        }
    }

    [Fact]
    public async Task A_drill_that_fails_is_an_alert_until_one_passes()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var files = new BackupFiles();
        await files.MakeAsync(gateway);
        var backup = Assert.Single(await ListAsync(gateway));
        var kept = Path.Combine(gateway.Gateway.Directory.Path, "backups", backup!["file"]!.ToString());
        var bytes = await File.ReadAllBytesAsync(kept);
        var id = backup["id"]!.ToString();

        await File.WriteAllBytesAsync(kept, bytes[..^100]);
        Assert.Contains("This backup would not serve", await gateway.TgctlRefusedAsync("backup", "drill", id), StringComparison.Ordinal);
        Assert.Equal(Alerts.RestoreDrillFailed, Assert.Single(await gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None))).Kind);
        await File.WriteAllBytesAsync(kept, bytes);
        Assert.Contains("are there as they were", await gateway.TgctlDoneAsync("backup", "drill", id), StringComparison.Ordinal);
        Assert.Empty(await gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None)));
    }

    [Fact]
    public async Task The_recovery_key_and_what_it_protects_are_nowhere_in_the_clear()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var files = new BackupFiles();
        var key = (await File.ReadAllTextAsync(await files.MakeAsync(gateway))).Trim();

        Assert.DoesNotContain((await DatabaseText.OfAsync(gateway.Database)).SelectMany(table => table.Value), row => row.Contains(key, StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains(key, StringComparison.Ordinal));
        var backup = await File.ReadAllBytesAsync(files.Backup);
        var masterKey = await File.ReadAllBytesAsync(gateway.Gateway.Directory.MasterKey);
        Assert.Equal(-1, backup.AsSpan().IndexOf(masterKey));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Directory.GetFiles(Path.Combine(gateway.Gateway.Directory.Path, "backups")))));
    }

    private static async Task ComesBackAsync<TOther>()
        where TOther : TestEngine, new()
    {
        await using var populated = await PopulatedGateway.StartAsync<TEngine>();
        await populated.Gateway.StopJobsAsync();
        using var files = new BackupFiles();
        var key = await files.MakeAsync(populated.Gateway);
        var was = await DatabaseText.OfAsync(populated.Gateway.Database);
        await using var other = await TestGateway.StartAsync<TOther>();
        await other.CreateTokenAsync();

        Assert.Contains("The gateway starts anew", await other.TgctlDoneAsync("backup", "restore", files.Backup, "--recovery-key-file", key, "--yes"), StringComparison.Ordinal);
        Assert.True(await other.Gateway.WaitForShutdownAsync());
        await other.RestartAsync();

        Assert.Equal(populated.Gateway.Gateway.Fingerprint, other.Gateway.Fingerprint);
        var now = await DatabaseText.OfAsync(other.Database);
        // What was written while the backup was made, what the restore says of itself, and what jobs write at any time.
        var moving = new HashSet<string> { "events", "backups", "stored_settings", "alerts", "event_followers", "mails", "webhook_deliveries" };
        Assert.Equal(was.Keys, now.Keys);
        Assert.Subset(moving, was.Where(table => !table.Value.SequenceEqual(now[table.Key])).Select(table => table.Key).ToHashSet());
        Assert.True(was["events"].Except(now["events"]).Count() <= 3);
        Assert.Single(await other.EventsAsync(EventKinds.BackupRestored));
        Assert.Equal(await File.ReadAllBytesAsync(populated.Gateway.Gateway.Directory.MasterKey), await File.ReadAllBytesAsync(other.Gateway.Directory.MasterKey));
        Assert.Contains("Zürich 東京", await other.TgctlDoneAsync("account", "list"), StringComparison.Ordinal);
    }

    private static async Task<JsonArray> ListAsync(TestGateway gateway) => JsonNode.Parse(await gateway.TgctlDoneAsync("backup", "list", "-o", "json"))!.AsArray();
}

public sealed class BackupOnSqlite : BackupTests<SqliteEngine>;

public sealed class BackupOnPostgreSql : BackupTests<PostgreSqlEngine>;

/// <summary>A backup that was downloaded, and the file with its recovery key.</summary>
internal sealed class BackupFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("tg-backup-").FullName;

    public string Backup => Path.Combine(Folder, "backup.gpg");

    /// <returns>The file with the key.</returns>
    public async Task<string> MakeAsync(TestGateway gateway)
    {
        var key = Path.Combine(Folder, "key");
        await File.WriteAllTextAsync(key, await gateway.TgctlDoneAsync("backup", "recovery-key", "--yes"));
        Assert.Contains("are there as they were", await gateway.TgctlDoneAsync("backup", "run"), StringComparison.Ordinal);
        var newest = JsonNode.Parse(await gateway.TgctlDoneAsync("backup", "list", "-o", "json"))![0]!;
        await gateway.TgctlDoneAsync("backup", "download", newest["id"]!.ToString(), "--out", Backup);
        return key;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
