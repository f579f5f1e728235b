using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary>The file with the root certificate is for people's convenience: nothing that is served depends on it.</summary>
public sealed class TrustAnchorTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    private string Anchor => _gateway.Gateway.Directory.TrustAnchor;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task One_that_cannot_be_written_keeps_no_gateway_from_serving()
    {
        File.Delete(Anchor);
        Directory.CreateDirectory(Anchor);

        await _gateway.RestartAsync();

        Assert.True(_gateway.Gateway.IsActive);
        Assert.Contains(_gateway.Log.Lines, line => line.Contains($"{Anchor} cannot be written", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_is_right_is_left_alone()
    {
        var longAgo = DateTime.UnixEpoch.AddYears(30);
        File.SetLastWriteTimeUtc(Anchor, longAgo);

        await _gateway.RestartAsync();

        Assert.Equal(longAgo, File.GetLastWriteTimeUtc(Anchor));
    }

    [Fact]
    public async Task One_that_is_wrong_is_replaced()
    {
        var right = await File.ReadAllTextAsync(Anchor);
        await File.WriteAllTextAsync(Anchor, right[..20]);

        await _gateway.RestartAsync();

        Assert.Equal(right, await File.ReadAllTextAsync(Anchor));
    }
}
