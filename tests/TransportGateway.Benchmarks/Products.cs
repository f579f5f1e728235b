using System.Globalization;
using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>Simulated products of one gateway: they register for real, and sign their messages before the clock runs.</summary>
internal sealed class Products(Uri address, TrustAnchors anchors, string token, TimeProvider clock) : IDisposable
{
    private readonly GatewayClient _gateway = new(address, DeviceTransport.SmartTransport, anchors, new GatewayClientOptions { KeepAlive = true, MaxConnections = 4 });
    private readonly KeyPool _keys = new(4);
    private readonly List<SimulatedProduct> _registered = [];
    private int _number;

    public byte[] PublicKey => _keys.Keys[0].SubjectPublicKeyInfo;

    /// <summary>Registers products and lets each report its licences once, as they are when they come back to say the same.</summary>
    public async Task RegisterAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var product = New();
            Confirm(await product.RegisterAsync(token));
            Confirm(await product.AuthorizeAsync());
            _registered.Add(product);
        }
    }

    public Prepared[] Authorizations(int count) => Make(count, index =>
    {
        var product = _registered[index % _registered.Count];
        return (product, product.DraftAuthorization().Seal());
    });

    public Prepared[] Registrations(int count) => Make(count, _ =>
    {
        var product = New();
        return (product, product.DraftRegistration(token).Seal());
    });

    /// <summary>Sends some of the messages once more: each must bring the stored answer, and the product must believe it.</summary>
    public static async Task VerifyAsync(IReadOnlyList<Prepared> sent, int sample)
    {
        for (var i = 0; i < Math.Min(sample, sent.Count); i++)
        {
            var (product, message, _) = sent[(int)((long)i * sent.Count / sample)];
            Confirm(await product.SendAsync(message));
        }
    }

    public void Dispose()
    {
        _gateway.Dispose();
        _keys.Dispose();
    }

    private static Prepared[] Make(int count, Func<int, (SimulatedProduct Product, SealedMessage Message)> make)
    {
        var prepared = new Prepared[count];
        Parallel.For(0, count, index =>
        {
            var (product, message) = make(index);
            prepared[index] = new Prepared(product, message, System.Text.Encoding.UTF8.GetBytes(message.Json));
        });
        return prepared;
    }

    private static void Confirm(ProductResult result)
    {
        if (result is not ProductResult.Accepted)
        {
            throw new InvalidOperationException($"A product was not content: {result.Display}");
        }
    }

    private SimulatedProduct New()
    {
        var name = "bench-" + Interlocked.Increment(ref _number).ToString("d7", CultureInfo.InvariantCulture);
        var profile = ProductProfile.UnifiedCm;
        return new SimulatedProduct(new SimulatedProductOptions
        {
            Product = new ProductDefinition
            {
                Name = name,
                Profile = profile,
                Sudi = new Sudi { UdiPid = profile.UdiPid, UdiSerialNumber = name },
                HostName = name,
                Entitlements = [.. BenchmarkDatabase.Tags.Select(tag => new Entitlement(tag, 1))],
            },
            Gateway = _gateway,
            Key = _keys.Next(),
            Clock = clock,
        });
    }
}

/// <summary>A signed message with the bytes that go out.</summary>
internal sealed record Prepared(SimulatedProduct Product, SealedMessage Message, byte[] Body);
