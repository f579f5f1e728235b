using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Accounts;

/// <summary>Only an active account hands out work; what was handed out before goes on.</summary>
public abstract class InactiveAccountTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<TEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("pending", "is Pending; only an active account hands out registration tokens. Approve it first: tgctl account approve 'Example Account'")]
    [InlineData("awaiting-authorization", "is Awaiting authorisation file; only an active account hands out registration tokens. It becomes active when")]
    [InlineData("inactive", "is Inactive; only an active account hands out registration tokens. Activate it: tgctl account activate 'Example Account'")]
    [InlineData("rejected", "is Rejected: a cause; only an active account hands out registration tokens. Ask for it again: tgctl account request 'Example Account'")]
    [InlineData("error", "is Error: a cause; only an active account hands out registration tokens. Mend the cause and register it again: tgctl account register-again 'Example Account'")]
    public async Task A_token_is_refused_with_the_status_and_the_way_out(string status, string sentence)
    {
        await _gateway.ExecuteAsync(
            "UPDATE accounts SET status = @Status, status_reason = @Reason", new { Status = status, Reason = status is "rejected" or "error" ? "a cause" : "" });

        var outcome = await CreateTokenAsync();

        Assert.Contains(sentence, Assert.IsType<CreateToken.Outcome.AccountNotActive>(outcome).Reason, StringComparison.Ordinal);
        Assert.Equal(0, await _gateway.CountAsync("registration_tokens"));
    }

    [Fact]
    public async Task Products_that_are_registered_are_served_as_before_and_new_ones_are_not()
    {
        var token = await _gateway.CreateTokenAsync();
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await _gateway.ChangedAsync(_gateway.Account, AccountStep.Deactivate);

        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync());
        Assert.IsType<ProductResult.Refused>(await _gateway.Product(SeedProducts.Pi37).RegisterAsync(token));
        Assert.IsType<ProductResult.Accepted>(await product.DeregisterAsync());

        await _gateway.ChangedAsync(_gateway.Account, AccountStep.Activate);
        Assert.IsType<ProductResult.Accepted>(await _gateway.Product(SeedProducts.Pi37).RegisterAsync(token));
    }

    [Fact]
    public async Task An_account_that_is_deactivated_while_a_product_registers_lets_it_in_no_more()
    {
        var token = await _gateway.CreateTokenAsync();
        var registration = await RegistrationUnderWay.PrepareAsync(_gateway, token);
        await _gateway.ChangedAsync(_gateway.Account, AccountStep.Deactivate);

        await using (var session = await _gateway.Database.BeginAsync())
        {
            Assert.IsType<RegisterInstance.Outcome.Overtaken>(await registration.ExecuteAsync(session));
        }

        var again = await RegistrationUnderWay.PrepareAsync(_gateway, token);
        await using (var session = await _gateway.Database.BeginAsync())
        {
            Assert.IsType<RegisterInstance.Outcome.TokenRefused>(await again.ExecuteAsync(session));
            await session.CommitAsync();
        }

        Assert.Empty(await _gateway.InstancesAsync());
        Assert.Contains(
            "its registration token is of an account that is not active.", Assert.Single(await _gateway.EventsAsync(EventKinds.RegistrationRefused)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_a_virtual_account_that_was_deleted_meanwhile_is_refused()
    {
        await _gateway.ExecuteAsync("DELETE FROM virtual_accounts");
        Assert.IsType<CreateToken.Outcome.NoSuchVirtualAccount>(await CreateTokenAsync());
    }

    private Task<CreateToken.Outcome> CreateTokenAsync() =>
        new CreateToken(_gateway.Database, Service<MasterKey>(), TimeProvider.System).ExecuteAsync(
            new CreateToken.Request(_gateway.Administrator, _gateway.VirtualAccount, "", 30, false, null), CancellationToken.None);

    private T Service<T>()
        where T : notnull => (T)_gateway.Gateway.Services.GetService(typeof(T))!;
}

public sealed class InactiveAccountOnSqlite : InactiveAccountTests<SqliteEngine>;

public sealed class InactiveAccountOnPostgreSql : InactiveAccountTests<PostgreSqlEngine>;
