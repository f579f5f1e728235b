using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>Products that dial a name which the certificate does not cover are found and named, by what they did and by what they will do.</summary>
public abstract class DialledNamesTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Wrong = "old.example.com";

    private TestGateway _gateway = null!;

    private DialledNames Dialled => _gateway.Gateway.Services.GetRequiredService<DialledNames>();

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<TEngine>(null, ("listen-http", "127.0.0.1:0"));

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_product_that_dials_an_uncovered_name_is_named_until_it_dials_a_covered_one()
    {
        var token = await RegisterUnderAsync(Wrong);
        await Dialled.RunAsync(CancellationToken.None);

        var instance = Assert.Single(await _gateway.InstancesAsync());
        var alert = Assert.Single(await MismatchesAsync());
        Assert.Equal((_gateway.Account.Id, instance.Id, "Major"), (alert.AccountId, alert.Source, alert.Severity));
        Assert.StartsWith("cucmpub dials 'old.example.com', which the host certificate does not cover (localhost, 127.0.0.1, ::1).", alert.Message, StringComparison.Ordinal);
        var report = await CheckAsync();
        Assert.Equal(("cucmpub", Wrong, Wrong), (report.Mismatches.Single().Product, report.Mismatches.Single().Name, report.Mismatches.Single().TlsName));
        Assert.Contains(report.Findings, finding => finding.ToString().Contains($"--alternative-name {Wrong}", StringComparison.Ordinal));

        Assert.IsType<ProductResult.Accepted>(await _gateway.Product(SeedProducts.Cucmpub).RegisterAsync(token, force: true));
        await Dialled.RunAsync(CancellationToken.None);

        Assert.Equal(instance.Id, Assert.Single(await _gateway.InstancesAsync()).Id);
        Assert.Empty(await MismatchesAsync());
        Assert.Empty((await CheckAsync()).Mismatches);
    }

    [Fact]
    public async Task The_alert_goes_when_the_certificate_covers_the_name_and_comes_back_when_it_does_not()
    {
        await RegisterUnderAsync(Wrong);
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Single(await MismatchesAsync());

        await ChangeAsync("localhost", Wrong);
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Empty(await MismatchesAsync());

        // The product has not called since; what it dialled last is what it will dial next.
        var changed = Assert.IsType<ChangeHostName.Outcome.Changed>(await ChangeAsync("localhost", "127.0.0.1"));
        Assert.Contains(changed.Warnings, warning => warning.ToString().StartsWith($"1 product(s) dial '{Wrong}', which the new certificate does not cover.", StringComparison.Ordinal));
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Single(await MismatchesAsync());
    }

    [Fact]
    public async Task What_products_of_an_account_dial_is_told_to_a_role_in_all_of_it_and_to_none_in_one_local_virtual_account()
    {
        await RegisterUnderAsync(Wrong);
        await Dialled.RunAsync(CancellationToken.None);
        foreach (var (name, role, virtualAccountId, mismatches) in new[]
        {
            ("ann", Roles.AccountUser, null, 1),
            ("bob", Roles.VirtualAccountAdministrator, (string?)_gateway.VirtualAccount.Id, 0),
        })
        {
            var user = await _gateway.UserAsync(name, Roles.SystemUser);
            await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(_gateway.Administrator, user, _gateway.Account.Id, virtualAccountId, role, CancellationToken.None);
            using var http = await _gateway.RestClientOfAsync(user);
            var check = (await http.GetFromJsonAsync<JsonObject>("/api/v2/certificates/check"))!;
            Assert.Equal((mismatches, mismatches), (check["mismatches"]!.AsArray().Count, check["mismatchesInAll"]!.GetValue<int>()));
            Assert.Equal(mismatches > 0, check["findings"]!.ToJsonString().Contains(Wrong, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_client_that_breaks_the_handshake_off_is_found_by_its_address()
    {
        await Tool.OpenSslAsync(
            "s_client", "-connect", $"127.0.0.1:{_gateway.Address.Port}", "-servername", Wrong, "-verify_hostname", Wrong, "-CAfile", _gateway.Gateway.Directory.TrustAnchor, "-verify_return_error");

        var alert = await UntilAsync(async () => (await MismatchesAsync()).SingleOrDefault());
        Assert.Equal(("", "127.0.0.1"), (alert.AccountId, alert.Source));
        Assert.StartsWith($"A client at 127.0.0.1 dials '{Wrong}'", alert.Message, StringComparison.Ordinal);

        // Its product is set right and proves itself from the same address.
        await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Empty(await MismatchesAsync());
    }

    [Fact]
    public async Task A_message_that_proves_nothing_counts_for_its_address_and_for_no_product()
    {
        await PostAsync(Wrong, "nonsense");
        var alert = await UntilAsync(async () => (await MismatchesAsync()).SingleOrDefault());
        Assert.Equal(("", "127.0.0.1"), (alert.AccountId, alert.Source));
    }

    [Fact]
    public async Task A_value_that_is_known_is_not_written_again()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await Dialled.RunAsync(CancellationToken.None);
        var first = await _gateway.ReadAsync(session => session.QuerySingleOrDefaultAsync<DialledName>("SELECT * FROM dialled_names", null, CancellationToken.None));
        Assert.Equal(("localhost", "localhost"), (first!.Name, first.HostHeader));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        await Dialled.RunAsync(CancellationToken.None);
        var second = await _gateway.ReadAsync(session => session.QuerySingleOrDefaultAsync<DialledName>("SELECT * FROM dialled_names", null, CancellationToken.None));
        Assert.Equal(first.DialledAt, second!.DialledAt);
    }

    [Fact]
    public async Task Addresses_are_kept_in_bounded_number_and_names_that_are_none_are_not_kept()
    {
        for (var i = 0; i < 1000; i++)
        {
            Dialled.NoteAddress($"192.0.{i / 250}.{i % 250}", Wrong, "");
        }

        Dialled.NoteAddress("198.51.100.1", "not a name", "");
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Equal(DialledNames.MostAddresses, await _gateway.CountAsync("dialled_names"));
        Assert.Equal(DialledNames.MostAddresses, (await MismatchesAsync()).Count);
    }

    [Fact]
    public async Task What_a_product_dialled_is_forgotten_with_its_registration()
    {
        var token = await RegisterUnderAsync(Wrong);
        await Dialled.RunAsync(CancellationToken.None);
        var instance = Assert.Single(await _gateway.InstancesAsync());

        Assert.True(await _gateway.Gateway.Services.GetRequiredService<RemoveInstance>().ExecuteAsync(_gateway.Administrator, instance.Id, CancellationToken.None));

        Assert.Empty(await MismatchesAsync());
        Assert.Equal(0, await _gateway.CountAsync("dialled_names"));

        var product = _gateway.Product(SeedProducts.CucmPub30);
        await product.RegisterAsync(token);
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Equal(1, await _gateway.CountAsync("dialled_names"));
        await product.DeregisterAsync();
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Equal(0, await _gateway.CountAsync("dialled_names"));
    }

    [Fact]
    public async Task What_a_product_dialled_is_not_written_after_its_registration_has_ended()
    {
        await RegisterUnderAsync(Wrong);
        var instance = Assert.Single(await _gateway.InstancesAsync());
        Assert.True(await _gateway.Gateway.Services.GetRequiredService<RemoveInstance>().ExecuteAsync(_gateway.Administrator, instance.Id, CancellationToken.None));

        await Dialled.RunAsync(CancellationToken.None);

        Assert.Equal(0, await _gateway.CountAsync("dialled_names"));
        Assert.Empty(await MismatchesAsync());
    }

    [Fact]
    public async Task Over_plain_HTTP_nobody_compares_names_and_nothing_is_noted()
    {
        var plain = _gateway.Gateway.Addresses.Single(address => address.StartsWith("http://127", StringComparison.Ordinal));
        var message = _gateway.Product(SeedProducts.Cucmpub).DraftRegistration(await _gateway.CreateTokenAsync()).Seal();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, plain + "/SmartTransport") { Content = new StringContent(message.Json, Encoding.UTF8, "application/json") };
        request.Headers.Host = Wrong;
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Dialled.RunAsync(CancellationToken.None);
        Assert.Equal(0, await _gateway.CountAsync("dialled_names"));
    }

    [Fact]
    public async Task A_product_that_registers_before_its_account_synchronised_is_told_so_by_an_alert()
    {
        var before = await _gateway.RegisteredAsync(SeedProducts.CucmPub30);
        await using (var session = await _gateway.Database.BeginAsync())
        {
            await session.ExecuteAsync("UPDATE accounts SET smart_account = 'Example Corp', cloud_virtual_account = 'Default'", null, CancellationToken.None);
            await session.CommitAsync();
        }

        Assert.Equal([_gateway.Account.Name], Assert.IsType<ChangeHostName.Outcome.Changed>(await ChangeAsync("ssm.example.com", "localhost")).Marked);
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var alert = Assert.Single(await _gateway.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(SynchronizationNeed.RegisteredBefore, CancellationToken.None)));
        Assert.Equal((_gateway.Account.Id, product.State.ProductInstanceIdentifier), (alert.AccountId, alert.Source));
        Assert.StartsWith("cucmpub registered while its account needs a synchronisation.", alert.Message, StringComparison.Ordinal);
        Assert.NotEqual(before.State.ProductInstanceIdentifier, alert.Source);

        await using (var session = await _gateway.Database.BeginAsync())
        {
            await SynchronizationNeed.ClearAsync(session, _gateway.Account.Id, TimeProvider.System.GetUtcNow(), CancellationToken.None);
            await session.CommitAsync();
        }

        Assert.DoesNotContain(
            await _gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None)),
            open => open.Kind is SynchronizationNeed.Alert or SynchronizationNeed.RegisteredBefore);
    }

    /// <summary>Registers a product that dials a name without looking at the certificate, as one that skips the check does.</summary>
    private async Task<string> RegisterUnderAsync(string name)
    {
        var token = await _gateway.CreateTokenAsync();
        var answer = await PostAsync(name, _gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Seal().Json);
        Assert.Contains("OK", answer, StringComparison.Ordinal);
        return token;
    }

    private async Task<string> PostAsync(string name, string message)
    {
        var file = Path.Combine(_gateway.Gateway.Directory.Path, "message.json");
        await File.WriteAllTextAsync(file, message);
        return await Tool.TextAsync(
            "curl", "-sS", "--insecure", "--resolve", $"{name}:{_gateway.Address.Port}:127.0.0.1", "--data-binary", "@" + file, $"https://{name}:{_gateway.Address.Port}/SmartTransport");
    }

    private Task<ChangeHostName.Outcome> ChangeAsync(string name, params string[] alternatives) => _gateway.Gateway.Services.GetRequiredService<ChangeHostName>()
        .ExecuteAsync(new ChangeHostName.Request(_gateway.Administrator, name, alternatives), CancellationToken.None);

    private Task<CheckHostCertificate.Report> CheckAsync() => _gateway.Gateway.Services.GetRequiredService<CheckHostCertificate>().ExecuteAsync(null, CancellationToken.None);

    private Task<IReadOnlyList<AlertRow>> MismatchesAsync() => _gateway.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(DialledNames.Mismatch, CancellationToken.None));

    private async Task<T> UntilAsync<T>(Func<Task<T?>> find)
        where T : class
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            await Dialled.RunAsync(CancellationToken.None);
            if (await find() is { } found)
            {
                return found;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, patience.Token);
        }
    }
}

public sealed class DialledNamesOnSqlite : DialledNamesTests<SqliteEngine>;

public sealed class DialledNamesOnPostgreSql : DialledNamesTests<PostgreSqlEngine>;
