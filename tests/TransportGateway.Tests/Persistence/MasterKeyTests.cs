using System.Runtime.Versioning;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Persistence;

[UnsupportedOSPlatform("windows")]
public sealed class MasterKeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-key-").FullName;

    private string KeyFile => Path.Combine(_folder, "master.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_sealed_value_opens_with_the_same_key_after_a_restart()
    {
        byte[] sealedValue;
        using (var key = MasterKey.LoadOrCreate(KeyFile))
        {
            sealedValue = key.Seal("purpose", [1, 2, 3]);
        }

        using var again = MasterKey.LoadOrCreate(KeyFile);
        Assert.Equal([1, 2, 3], again.Open("purpose", sealedValue));
    }

    [Fact]
    public void A_sealed_value_does_not_open_for_another_purpose()
    {
        using var key = MasterKey.LoadOrCreate(KeyFile);
        var sealedValue = key.Seal("token:1", [1, 2, 3]);
        Assert.Contains("Put back the master.key", Assert.Throws<DatabaseUnusableException>(() => key.Open("token:2", sealedValue)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sealed_value_with_one_bit_changed_does_not_open()
    {
        using var key = MasterKey.LoadOrCreate(KeyFile);
        var sealedValue = key.Seal("purpose", [1, 2, 3]);
        sealedValue[^1] ^= 1;
        Assert.Throws<DatabaseUnusableException>(() => key.Open("purpose", sealedValue));
    }

    [Fact]
    public void The_key_file_is_readable_by_its_owner_alone_and_refused_when_others_can_read_it()
    {
        MasterKey.LoadOrCreate(KeyFile).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));

        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<DatabaseUnusableException>(() => MasterKey.LoadOrCreate(KeyFile)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_never_prints_itself()
    {
        Assert.DoesNotContain("hidden", $"{new Secret("hidden")}", StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", new { Token = new Secret("hidden") }.ToString(), StringComparison.Ordinal);
    }
}
