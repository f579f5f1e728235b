using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

public sealed class ProductStateOnDiskTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("tgsim-test-").FullName;
    private FakeGateway gateway = null!;
    private GatewayClient client = null!;

    public async Task InitializeAsync()
    {
        gateway = await FakeGateway.StartAsync();
        client = gateway.Client(DeviceTransport.CallHome);
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await gateway.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_restarted_product_is_still_registered_and_can_still_sign()
    {
        ProductState before;
        using (var product = Open(TestKeys.Pool.Next()))
        {
            await product.RegisterAsync("a-token");
            await product.AuthorizeAsync();
            before = product.State;
        }

        using var restarted = Open();
        Assert.Equal(before.ProductInstanceIdentifier, restarted.State.ProductInstanceIdentifier);
        Assert.Equal(before.Licenses, restarted.State.Licenses);
        Assert.Equal(before.Requested, restarted.State.Requested);
        Assert.IsType<ProductResult.Accepted>(await restarted.AuthorizeAsync());
        Assert.IsType<ProductResult.Accepted>(await restarted.RenewIdCertificateAsync());
    }

    [Fact]
    public async Task A_product_that_died_without_an_answer_sends_the_same_bytes_after_its_restart()
    {
        gateway.LoseAnswers(2);
        using (var product = Open(TestKeys.Pool.Next()))
        {
            Assert.IsType<ProductResult.Unreachable>(await product.RegisterAsync("a-token", force: true));
        }

        using var restarted = Open();
        Assert.IsType<ProductResult.Accepted>(await restarted.RegisterAsync("a-token", force: true));
        Assert.Equal(3, gateway.Requests.Count);
        Assert.Single(gateway.Requests.Select(request => Convert.ToBase64String(request.Body)).Distinct(StringComparer.Ordinal));
        Assert.IsType<ProductResult.Accepted>(await restarted.AuthorizeAsync());
    }

    [Fact]
    public async Task A_renewal_with_a_new_key_survives_a_restart_before_its_answer()
    {
        using var next = ProductKey.Create();
        using (var product = Open(TestKeys.Pool.Next()))
        {
            await product.RegisterAsync("a-token");
            gateway.LoseAnswers(2);
            Assert.IsType<ProductResult.Unreachable>(await product.RenewIdCertificateAsync(next));
            Assert.Equal(2, Directory.GetFiles(folder, "key-*.pem").Length);
        }

        using var restarted = Open();
        Assert.IsType<ProductResult.Accepted>(await restarted.RetryAsync());
        Assert.Equal(next.Name, restarted.State.KeyName);
        Assert.IsType<ProductResult.Accepted>(await restarted.AuthorizeAsync());
        Assert.Single(Directory.GetFiles(folder, "key-*.pem"));
    }

    [Fact]
    public async Task Nobody_else_can_read_the_state_or_the_key()
    {
        using var product = Open(TestKeys.Pool.Next());
        await product.RegisterAsync("a-token");
        Assert.Equal(2, Directory.GetFiles(folder).Length);
        foreach (var file in Directory.GetFiles(folder))
        {
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    [Fact]
    public async Task After_an_answer_that_is_not_believed_the_file_holds_what_it_held()
    {
        using (var product = Open(TestKeys.Pool.Next()))
        {
            await product.RegisterAsync("a-token");
            await product.AuthorizeAsync();
            gateway.EditSignedText = text => text.Replace("OUT_OF_COMPLIANCE", "AUTHORIZED", StringComparison.Ordinal);
            Assert.IsType<ProductResult.Unverifiable>(await product.AuthorizeAsync());
        }

        using var restarted = Open();
        Assert.Equal(AuthorizationStatus.OutOfCompliance, restarted.State.Authorization);
        Assert.StartsWith("Response signature verification failed: ", restarted.State.LastFailure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_state_file_is_named()
    {
        File.WriteAllText(Path.Combine(folder, "state.json"), "{");
        var error = Assert.Throws<InvalidDataException>(() => Open());
        Assert.StartsWith($"{Path.Combine(folder, "state.json")} is damaged", error.Message, StringComparison.Ordinal);
    }

    private SimulatedProduct Open(ProductKey? key = null) => new(new SimulatedProductOptions
    {
        Product = SeedProducts.Cucmpub,
        Gateway = client,
        State = new StateDirectory(folder),
        Key = key,
    });
}
