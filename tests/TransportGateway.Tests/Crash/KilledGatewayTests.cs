using System.Diagnostics;
using Dapper;
using Microsoft.Data.Sqlite;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Simulators;

namespace TransportGateway.Tests.Crash;

/// <summary>kill -9 in the middle of registrations and authorisations: what was acknowledged is there, and nothing is there twice.</summary>
public sealed class KilledGatewayTests : IDisposable
{
    private const int Kills = 100;
    private const int ProductsPerKill = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-crash-").FullName;
    private readonly int _port = Loopback.FreePort();
    private readonly Random _random = new(20261123);
    private Process? _process;

    public void Dispose()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task After_a_hundred_kills_every_acknowledged_message_is_there_and_none_twice()
    {
        await StartAsync();
        var token = await CreateTokenAsync();
        using var client = new GatewayClient(
            new Uri($"https://localhost:{_port}{GatewayClient.SmartTransportPath}"),
            DeviceTransport.SmartTransport,
            TrustAnchors.FromPem(await File.ReadAllTextAsync(Path.Combine(_folder, "root.pem"))),
            new GatewayClientOptions { KeepAlive = true, MaxConnections = 16 });

        var registeredSoFar = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var products = Enumerable.Range(0, ProductsPerKill).Select(number => new SimulatedProduct(new SimulatedProductOptions
            {
                Product = SeedProducts.UnifiedCm($"crash-{kill}-{number}", Guid.NewGuid().ToString("N"), new Entitlement(EntitlementTags.UcmBasic, 1)),
                Gateway = client,
                Key = TestKeys.Pool.Next(),
                Retry = new RetryPolicy { AtOnce = 0 },
            })).ToArray();

            var acknowledged = 0;
            var killAt = _random.Next(1, ProductsPerKill * 2);
            await Task.WhenAll(products.Select(async product =>
            {
                if (await product.RegisterAsync(token) is ProductResult.Accepted)
                {
                    CountAndKill();
                    if (await product.AuthorizeAsync() is ProductResult.Accepted)
                    {
                        CountAndKill();
                    }
                }
            }));
            await _process!.WaitForExitAsync();
            CheckAcknowledged(products);

            await StartAsync();
            await Task.WhenAll(products.Select(product => FinishAsync(product, token)));
            registeredSoFar += products.Length;
            CheckWhole(registeredSoFar);
            Array.ForEach(products, product => product.Dispose());

            void CountAndKill()
            {
                if (Interlocked.Increment(ref acknowledged) == killAt)
                {
                    _process!.Kill();
                }
            }
        }
    }

    /// <summary>A product that got no answer sends the same again until it has one.</summary>
    private static async Task FinishAsync(SimulatedProduct product, string token)
    {
        const int MostTries = 20;
        for (var attempt = 0; attempt < MostTries && product.State.Authorization == AuthorizationStatus.None; attempt++)
        {
            _ = product.State.Pending is not null ? await product.RetryAsync()
                : product.State.IsRegistered ? await product.AuthorizeAsync()
                : await product.RegisterAsync(token);
        }

        Assert.True(product.State.IsRegistered, product.State.LastFailure);
        Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
    }

    private void CheckAcknowledged(SimulatedProduct[] products)
    {
        using var database = OpenDatabase();
        var registered = database.Query<string>("SELECT id FROM product_instances WHERE state = 'registered'").ToHashSet();
        var authorized = database.Query<string>("SELECT instance_id FROM license_usages WHERE quantity = 1").ToHashSet();
        Assert.All(products.Where(product => product.State.IsRegistered), product => Assert.Contains(product.State.ProductInstanceIdentifier!, registered));
        Assert.All(
            products.Where(product => product.State.Authorization == AuthorizationStatus.OutOfCompliance),
            product => Assert.Contains(product.State.ProductInstanceIdentifier!, authorized));
    }

    private void CheckWhole(int products)
    {
        using var database = OpenDatabase();
        Assert.Equal(products, database.ExecuteScalar<int>("SELECT COUNT(*) FROM product_instances"));
        Assert.Equal(products, database.ExecuteScalar<int>("SELECT uses FROM registration_tokens"));
        Assert.Equal(products, database.ExecuteScalar<int>("SELECT in_use FROM license_pools"));
        Assert.Equal(products, database.ExecuteScalar<int>("SELECT SUM(quantity) FROM license_usages"));
        Assert.Equal(products, database.ExecuteScalar<int>("SELECT COUNT(*) FROM id_certificates WHERE state = 'current'"));
        Assert.Equal("ok", database.ExecuteScalar<string>("PRAGMA quick_check"));
    }

    private SqliteConnection OpenDatabase()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "gateway.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    private async Task StartAsync()
    {
        _process?.Dispose();
        _process = GatewayProcess.Start(
            "--data-directory", _folder, "--host-name", "localhost", "--listen-https", $"127.0.0.1:{_port}", "--log-level", "error",
            "--source-burst", "1000000", "--source-rate", "1000000");
        await GatewayProcess.WaitUntilReadyAsync(_process, Path.Combine(_folder, "control.sock"));
    }

    private async Task<string> CreateTokenAsync()
    {
        await Tgctl("account", "create", "Crash");
        return (await Tgctl("token", "create", "--quiet")).Trim();
    }

    private Task<string> Tgctl(params string[] arguments) => Consoles.TgctlDoneAsync(_folder, arguments);
}
