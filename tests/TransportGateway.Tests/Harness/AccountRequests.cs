using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Tests.Harness;

/// <summary>What tests do with local accounts and the requests for them.</summary>
internal static class AccountRequests
{
    public const string SmartAccount = "annanr.example.com";
    public const string Email = "licences@example.com";

    public static Task<RequestAccount.Outcome> RequestAsync(
        this TestGateway gateway, string name, string? virtualAccount = null, string smartAccount = SmartAccount, string email = Email, Caller? by = null) =>
        gateway.Gateway.Services.GetRequiredService<RequestAccount>().ExecuteAsync(
            new RequestAccount.Request(by ?? gateway.Administrator, name, smartAccount, virtualAccount ?? name, email), CancellationToken.None);

    public static async Task<LocalAccountRow> RequestedAsync(this TestGateway gateway, string name) =>
        Assert.IsType<RequestAccount.Outcome.Requested>(await gateway.RequestAsync(name)).Account;

    public static Task<ChangeAccountStatus.Outcome> ChangeAsync(this TestGateway gateway, LocalAccountRow account, AccountStep step, string reason = "", Caller? by = null) =>
        gateway.Gateway.Services.GetRequiredService<ChangeAccountStatus>().ExecuteAsync(
            new ChangeAccountStatus.Request(by ?? gateway.Administrator, account, step, reason), CancellationToken.None);

    public static async Task<LocalAccountRow> ChangedAsync(this TestGateway gateway, LocalAccountRow account, AccountStep step, string reason = "") =>
        Assert.IsType<ChangeAccountStatus.Outcome.Changed>(await gateway.ChangeAsync(account, step, reason)).Account;

    /// <summary>Does work in a transaction of its own.</summary>
    public static async Task<T> WriteAsync<T>(this TestGateway gateway, Func<DbSession, DateTimeOffset, Task<T>> work)
    {
        await using var session = await gateway.Database.BeginAsync();
        var result = await work(session, gateway.Gateway.Services.GetRequiredService<TimeProvider>().GetUtcNow());
        await session.CommitAsync();
        return result;
    }

    public static Task<LocalAccountRow?> FindAccountAsync(this TestGateway gateway, string name) =>
        gateway.ReadAsync(session => new LocalAccounts(session).FindByNameAsync(name, CancellationToken.None));

    /// <summary>Waits until another transaction waits for a lock; on SQLite whoever comes second waits in any case.</summary>
    public static Task WaitUntilBlockedAsync(this TestGateway gateway) => Wait.UntilAsync(async () =>
        gateway.Database.Dialect != Dialect.PostgreSql
        || await gateway.ReadAsync(session => session.ScalarAsync<long>(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", null, CancellationToken.None)) > 0);
}
