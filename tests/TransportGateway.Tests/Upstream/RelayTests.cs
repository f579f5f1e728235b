using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>Stock products through the relay: the same bytes on both sides, the upstream's signatures, and an inventory from the copies.</summary>
public abstract class RelayTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task A_stock_product_believes_its_upstream_through_the_gateway_and_shows_up_in_the_inventory(DeviceTransport transport)
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var product = await pair.RegisteredAsync(SeedProducts.Cucmpub, transport);
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync());

        Assert.Empty(await pair.Gateway.InstancesAsync());
        var recorded = Assert.Single(await pair.RelayedAsync());
        Assert.Equal(product.State.ProductInstanceIdentifier, recorded.Id);
        Assert.Equal(("cucmpub", "UCL", "Example Account", "Default"), (recorded.DisplayName, recorded.ProductType, recorded.AccountName, recorded.VirtualAccountName));
        Assert.Equal((SeedProducts.Cucmpub.Sudi.UdiSerialNumber, "OUT_OF_COMPLIANCE"), (recorded.UdiSerialNumber, recorded.AuthorizationStatus));
        Assert.Equal(pair.Upstream.Address(transport).AbsoluteUri, recorded.RelayedTo);
        Assert.True(recorded.Relayed);
        Assert.Equal(
            SeedProducts.Cucmpub.Entitlements.Select(entitlement => (entitlement.Tag, (long)entitlement.Count, "Out Of Compliance")).Order(),
            (await pair.UsageAsync(recorded)).Select(usage => (usage.Tag, usage.Quantity, usage.Status)).Order());
        Assert.All(await pair.LicensesAsync(), license => Assert.Equal((0, 0, "Out Of Compliance"), (license.Balance.InUse, license.Balance.Balance, license.Status)));
        Assert.Equal(5, (await pair.LicensesAsync()).Sum(license => license.Relayed));

        Assert.IsType<ProductResult.Accepted>(await product.DeregisterAsync());
        Assert.Empty(await pair.RelayedAsync());
        Assert.Empty(await pair.LicensesAsync());
        Assert.Equal(
            [EventKinds.RelayedInstanceEnded, EventKinds.RelayedInstanceSeen],
            (await pair.Gateway.EventsAsync()).Select(entry => entry.Kind).Where(kind => kind.StartsWith("relayed", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task Both_sides_see_the_same_bytes(DeviceTransport transport)
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var client = pair.Gateway.Client(transport);
        var sent = client.Write(pair.StockProduct(SeedProducts.Cucmpub).DraftRegistration(RelayPair.ForeignToken).Seal(), SeedProducts.Cucmpub);

        var answer = await client.PostAsync(sent, "application/x-www-form-urlencoded; odd=\"parameter\"");

        var arrived = Assert.Single(pair.Upstream.Requests);
        Assert.Equal(sent, arrived.Body);
        Assert.Equal("application/x-www-form-urlencoded; odd=\"parameter\"", arrived.ContentType);
        Assert.Equal(Assert.Single(pair.Upstream.Answers), answer.Http.Body);
        Assert.Equal((200, transport == DeviceTransport.CallHome ? "text/xml; charset=utf-8" : "application/json"), (answer.Http.Status, answer.Http.ContentType));
        Assert.Contains(pair.Gateway.Log.Lines, line => line.Contains("REGISTRATION cucmpub relayed 200 (relayed to https://", StringComparison.Ordinal));
        Assert.DoesNotContain(pair.Gateway.Log.Lines, line => line.Contains(RelayPair.ForeignToken, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_error_that_the_upstream_answers_in_its_protocol_is_passed_on_as_it_is_and_recorded_nowhere()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        pair.Upstream.Refusal = ("FAILED", "The token is not valid.");
        Assert.Equal("The token is not valid.", Assert.IsType<ProductResult.Refused>(await pair.StockProduct(SeedProducts.Cucmpub).RegisterAsync(RelayPair.ForeignToken)).Message);

        pair.Upstream.InsteadOfAnswer = async context =>
        {
            context.Response.StatusCode = 429;
            context.Response.ContentType = "application/problem+json";
            context.Response.Headers.RetryAfter = "7";
            await context.Response.Body.WriteAsync("{\"status\":\"FAILED\" }"u8.ToArray());
        };
        var client = pair.Gateway.Client();
        var answer = await client.PostAsync(pair.StockProduct(SeedProducts.Cucmpub).DraftRegistration(RelayPair.ForeignToken).Seal());

        Assert.Equal((429, "application/problem+json", "{\"status\":\"FAILED\" }"), (answer.Http.Status, answer.Http.ContentType, answer.Body));
        Assert.Equal(TimeSpan.FromSeconds(7), answer.Http.RetryAfter);
        Assert.Empty(await pair.RelayedAsync());
    }

    [Fact]
    public async Task A_message_that_the_upstream_refused_is_not_taken_for_the_word_of_its_product()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var product = await pair.RegisteredAsync(SeedProducts.Cucmpub);
        var before = Assert.Single(await pair.RelayedAsync());
        pair.Upstream.Refusal = ("FAILED", "The signature is wrong.");

        Assert.Equal("FAILED", (await pair.Gateway.Client().PostAsync(product.DraftAuthorization().Seal())).Status);
        Assert.Equal("FAILED", (await pair.Gateway.Client().PostAsync(product.DraftDeregistration().Seal())).Status);

        var after = Assert.Single(await pair.RelayedAsync());
        Assert.Equal((before.LastContactAt, null), (after.LastContactAt, after.AuthorizationStatus));
        Assert.Empty(await pair.UsageAsync(after));
    }

    [Fact]
    public async Task What_this_gateway_issued_never_leaves_it_also_after_it_ended()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var account = Assert.IsType<CreateLocalAccount.Outcome.Created>(
            await pair.Service<CreateLocalAccount>().ExecuteAsync(pair.Gateway.Administrator, "Short-lived", CancellationToken.None)).Account;
        var home = (await pair.Gateway.ReadAsync(session => new VirtualAccounts(session).ListAsync(account.Id, CancellationToken.None)))[0];
        var token = await pair.Gateway.CreateTokenAsync(virtualAccount: home);
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        Assert.True(await pair.Service<RemoveInstance>().ExecuteAsync(pair.Gateway.Administrator, product.State.ProductInstanceIdentifier!, CancellationToken.None));
        Assert.Equal("FAILED", (await pair.Gateway.Client().PostAsync(product.DraftAuthorization().Seal())).Status);
        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await pair.Service<DeleteLocalAccount>().ExecuteAsync(pair.Gateway.Administrator, account, CancellationToken.None));

        var afterwards = await pair.Gateway.Client().PostAsync(product.DraftAuthorization().Seal());
        Assert.Equal(WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), afterwards.Message);
        var refused = Assert.IsType<ProductResult.Refused>(await pair.Gateway.Product(SeedProducts.Pi37).RegisterAsync(token));
        Assert.Equal(WireAnswers.Errors("token", $"The token '{token}' is not valid."), refused.Message);
        Assert.Empty(pair.Upstream.Requests);
    }

    [Fact]
    public async Task A_message_that_names_nobody_is_refused_here()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();

        var answer = await pair.Gateway.Client().PostAsync("""{"signature":{"type":"SHA-256","value":"AAAA"},"request":"{\"header\":{}}"}"""u8.ToArray(), "application/json");

        Assert.Equal(400, answer.Http.Status);
        Assert.Empty(pair.Upstream.Requests);
    }

    [Fact]
    public async Task The_relay_is_off_until_an_upstream_is_set_and_serves_only_the_paths_that_have_one()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>(relay: false);
        await AssertRefusedHereAsync(pair, DeviceTransport.SmartTransport);

        Assert.IsType<ChangeRelay.Outcome.Changed>(await pair.ChangeAsync(request => request with { SmartTransport = "" }));
        await AssertRefusedHereAsync(pair, DeviceTransport.SmartTransport);
        await pair.RegisteredAsync(SeedProducts.Cucmpub, DeviceTransport.CallHome);

        Assert.IsType<ChangeRelay.Outcome.Changed>(await pair.ChangeAsync(request => request with { Enabled = false }));
        await AssertRefusedHereAsync(pair, DeviceTransport.CallHome);
    }

    [Fact]
    public async Task Products_of_an_account_that_is_not_to_be_relayed_are_refused_here()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var product = await pair.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.True(await pair.Service<ChangeRelay>().AllowAsync(pair.Gateway.Administrator, pair.Gateway.Account, allowed: false, CancellationToken.None));

        await AssertRefusedHereAsync(pair, DeviceTransport.SmartTransport);
        Assert.Equal("FAILED", (await pair.Gateway.Client().PostAsync(product.DraftAuthorization().Seal())).Status);
        Assert.Single(pair.Upstream.Requests);

        Assert.True(await pair.Service<ChangeRelay>().AllowAsync(pair.Gateway.Administrator, pair.Gateway.Account, allowed: true, CancellationToken.None));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
    }

    [Fact]
    public async Task A_product_is_filed_under_the_account_that_stands_for_the_virtual_account_which_its_upstream_names()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        await pair.Gateway.ExecuteAsync("INSERT INTO accounts (id, name, name_key, created_by, created_at, smart_account, cloud_virtual_account, tenant_id) VALUES ('other', 'Other', 'other', 'a test', 0, 'example.com', 'Branch', 'other-1')");
        await pair.Gateway.ExecuteAsync("INSERT INTO virtual_accounts (id, account_id, name, name_key, description, is_default, created_at) VALUES ('other-default', 'other', 'Default', 'default', '', TRUE, 0)");
        pair.Upstream.EditData = data => (data["smart_account"], data["virtual_account"]) = ("EXAMPLE.com", "branch");

        await pair.RegisteredAsync(SeedProducts.Cucmpub);
        pair.Upstream.EditData = null;
        await pair.RegisteredAsync(SeedProducts.Pi37);

        Assert.Equal([("cucmpub", "Other", "EXAMPLE.com"), ("UDI_PID:PI-SOFTWARE;UDI_SN:pi37;", "Example Account", "Example Account")],
            (await pair.RelayedAsync()).Select(instance => (instance.DisplayName, instance.AccountName, instance.SmartAccount)));
    }

    [Fact]
    public async Task The_relay_outlives_the_account_that_it_files_under()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var product = await pair.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(
            await pair.Service<DeleteLocalAccount>().ExecuteAsync(pair.Gateway.Administrator, pair.Gateway.Account, CancellationToken.None));
        Assert.Empty(await pair.RelayedAsync());
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.Empty(await pair.RelayedAsync());

        Assert.IsType<CreateLocalAccount.Outcome.Created>(await pair.Service<CreateLocalAccount>().ExecuteAsync(pair.Gateway.Administrator, "Another", CancellationToken.None));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.Equal("Another", Assert.Single(await pair.RelayedAsync()).AccountName);
    }

    [Fact]
    public async Task A_record_that_was_removed_comes_back_with_the_next_message_and_a_product_registered_anew_is_one()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        var product = await pair.RegisteredAsync(SeedProducts.Cucmpub);
        var id = product.State.ProductInstanceIdentifier!;
        Assert.IsType<TransferInstance.Outcome.IsRelayed>(
            await pair.Service<TransferInstance>().ExecuteAsync(pair.Gateway.Administrator, id, "Default", CancellationToken.None));

        Assert.True(await pair.Service<RemoveInstance>().ExecuteAsync(pair.Gateway.Administrator, id, CancellationToken.None));
        Assert.Empty(await pair.RelayedAsync());
        Assert.Single(await pair.Gateway.EventsAsync(EventKinds.RelayedInstanceForgotten));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.Equal(id, Assert.Single(await pair.RelayedAsync()).Id);

        var again = await pair.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.NotEqual(id, again.State.ProductInstanceIdentifier);
        Assert.Equal(again.State.ProductInstanceIdentifier, Assert.Single(await pair.RelayedAsync()).Id);
    }

    [Fact]
    public async Task A_relay_that_leads_back_to_itself_ends_in_a_refusal()
    {
        await using var pair = await RelayPair.StartAsync<TEngine>();
        Assert.IsType<ChangeRelay.Outcome.Changed>(await pair.ChangeAsync(request => request with
        {
            SmartTransport = new Uri(pair.Gateway.Address, GatewayClient.SmartTransportPath).AbsoluteUri,
            TlsAnchors = File.ReadAllText(pair.Gateway.Gateway.Directory.TrustAnchor),
        }));

        await AssertRefusedHereAsync(pair, DeviceTransport.SmartTransport);
    }

    /// <summary>The documented refusal, in this gateway's own words.</summary>
    private static async Task AssertRefusedHereAsync(RelayPair pair, DeviceTransport transport)
    {
        var seen = pair.Upstream.Requests.Count;
        var answer = await pair.Gateway.Client(transport).PostAsync(pair.Gateway.Product(SeedProducts.Pi37).DraftRegistration(RelayPair.ForeignToken).Seal());
        Assert.Equal(("FAILED", WireAnswers.Errors("token", $"The token '{RelayPair.ForeignToken}' is not valid.")), (answer.Status, answer.Message));
        Assert.Equal(seen, pair.Upstream.Requests.Count);
    }
}

public sealed class RelayOnSqlite : RelayTests<SqliteEngine>;

public sealed class RelayOnPostgreSql : RelayTests<PostgreSqlEngine>;
