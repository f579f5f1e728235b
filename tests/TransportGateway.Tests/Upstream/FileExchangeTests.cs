using System.Security.Cryptography;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>Registration and synchronisation of a site with no way out: files are carried, and nothing but the right file is taken over.</summary>
public abstract class FileExchangeTests<TEngine>
    where TEngine : TestEngine, new()
{
    private const string Tag = "regid.2017-01.com.example.A,1.0_12345678-1234-1234-1234-123456789012";

    [Fact]
    public async Task An_account_registers_and_synchronises_by_files_alone()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        Assert.Equal(AccountStatus.Active, account.Status);
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(account)));

        var response = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));
        Assert.Null(await LoadAsync(pair, account, response));

        Assert.Equal(5, (await pair.PurchasedAsync(account))[Tag]);
        Assert.Empty(await pair.DifferencesAsync(account));
        Assert.NotNull((await pair.StateAsync(account)).LastSuccessAt);
        Assert.Equal(RunState.Succeeded, (await pair.RunsAsync(account))[0].State);
    }

    [Fact]
    public async Task A_response_file_counts_once()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        var response = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));
        Assert.Null(await LoadAsync(pair, account, response));

        Assert.Contains("awaits no response file", await LoadAsync(pair, account, response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stale_response_is_refused_and_the_newer_one_taken()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        var stale = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));
        pair.Central.Withdraw(CentralPair.SmartAccount, "TEST", "E-1");
        var current = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));

        Assert.Contains("answers another request", await LoadAsync(pair, account, stale), StringComparison.Ordinal);
        Assert.Empty(await pair.PurchasedAsync(account));
        Assert.Null(await LoadAsync(pair, account, current));
        Assert.Empty(await pair.PurchasedAsync(account));
    }

    [Fact]
    public async Task The_response_of_another_account_is_refused()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        var other = await RegisterByFileAsync(pair, "OTHER");
        await SaveAsync(pair, account);

        Assert.Contains("for another local account", await LoadAsync(pair, account, pair.Central.ExchangeSynchronization(await SaveAsync(pair, other))), StringComparison.Ordinal);
        Assert.Empty(await pair.PurchasedAsync(account));
    }

    [Fact]
    public async Task A_response_that_another_Software_Central_signed_is_refused()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        var response = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));
        await using var foreign = await CentralPair.StartAsync<SqliteEngine>();
        await pair.ConfigureAsync(settings => settings with { Address = null, ExchangeAnchors = foreign.Central.AnchorPem });

        Assert.Contains("does not chain to the configured trust anchor", await LoadAsync(pair, account, response), StringComparison.Ordinal);
        Assert.Empty(await pair.PurchasedAsync(account));
    }

    [Fact]
    public async Task A_customers_own_certificate_cannot_sign_a_response()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        var request = await SaveAsync(pair, account);

        // The request itself is signed by a certificate that chains to the very same root.
        Assert.Contains("may sign for Software Central", await LoadAsync(pair, account, request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_cut_or_altered_anywhere_is_refused_and_changes_nothing()
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        var response = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));
        var seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        var random = new Random(seed);
        for (var trial = 0; trial < 60; trial++)
        {
            var damaged = response.ToArray();
            if (trial % 2 == 0)
            {
                damaged = damaged[..random.Next(damaged.Length)];
            }
            else
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            if (await LoadAsync(pair, account, damaged) is not null)
            {
                continue;
            }

            // CMS leaves a few bits of its frame unsigned (its version, say). What counts is that nothing signed was changed.
            Assert.True(trial % 2 == 1, $"seed {seed}, trial {trial}: a cut file was taken over");
            Assert.Equal(new Dictionary<string, long> { [Tag] = 5 }, await pair.PurchasedAsync(account));
            response = pair.Central.ExchangeSynchronization(await SaveAsync(pair, account));
        }

        Assert.Null(await LoadAsync(pair, account, response));
        Assert.Equal(5, (await pair.PurchasedAsync(account))[Tag]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello, world")]
    [InlineData("0")]
    public async Task Rubbish_is_refused_with_a_sentence(string text)
    {
        await using var pair = await StartAsync();
        var account = await RegisterByFileAsync(pair);
        await SaveAsync(pair, account);

        Assert.StartsWith("The response file was refused: ", await LoadAsync(pair, account, System.Text.Encoding.UTF8.GetBytes(text)), StringComparison.Ordinal);
        Assert.NotEmpty(await pair.Gateway.EventsAsync(EventKinds.SynchronizationFileRefused));
    }

    [Fact]
    public async Task An_authorisation_for_another_registration_file_is_refused()
    {
        await using var pair = await StartAsync();
        var (first, second) = (await pair.ApprovedAccountAsync("TEST"), await pair.ApprovedAccountAsync("OTHER"));
        var register = pair.Service<RegisterAccount>();
        await register.SaveFileAsync(pair.Gateway.Administrator, first, CancellationToken.None);
        var saved = Assert.IsType<RegisterAccount.Outcome.Saved>(await register.SaveFileAsync(pair.Gateway.Administrator, second, CancellationToken.None));

        var outcome = await register.AuthorizeAsync(pair.Gateway.Administrator, first, pair.Central.ExchangeRegistration(saved.File), CancellationToken.None);
        Assert.Contains("answers another registration file", Assert.IsType<RegisterAccount.Outcome.NotPossible>(outcome).Reason, StringComparison.Ordinal);
        Assert.Equal(AccountStatus.AwaitingAuthorization, (await pair.FindAsync(first)).Status);
    }

    [Fact]
    public async Task A_refusal_by_Software_Central_is_the_accounts_error_and_its_cause_is_shown()
    {
        await using var pair = await StartAsync();
        await RegisterByFileAsync(pair);
        var second = await pair.ApprovedAccountAsync("SECOND", cloudVirtualAccount: "elsewhere");
        await using (var session = await pair.Gateway.Database.BeginAsync())
        {
            await session.ExecuteAsync("UPDATE accounts SET smart_account = 'unknown.example.com' WHERE id = @Id", new { second.Id }, CancellationToken.None);
            await session.CommitAsync();
        }

        second = await pair.FindAsync(second);
        var register = pair.Service<RegisterAccount>();
        var saved = Assert.IsType<RegisterAccount.Outcome.Saved>(await register.SaveFileAsync(pair.Gateway.Administrator, second, CancellationToken.None));
        var outcome = await register.AuthorizeAsync(pair.Gateway.Administrator, second, pair.Central.ExchangeRegistration(saved.File), CancellationToken.None);

        Assert.Contains("There is no Smart Account", Assert.IsType<RegisterAccount.Outcome.Failed>(outcome).Reason, StringComparison.Ordinal);
        var account = await pair.FindAsync(second);
        Assert.Equal((AccountStatus.Error, "There is no Smart Account 'unknown.example.com'."), (account.Status, account.StatusReason));
    }

    private static async Task<CentralPair> StartAsync()
    {
        var pair = await CentralPair.StartAsync<TEngine>();
        await pair.ConfigureAsync(settings => settings with { Address = null });
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", new CentralEntitlement
        {
            Id = "E-1",
            Tag = Tag,
            Name = "A",
            Quantity = 5,
            StartDate = TimeProvider.System.GetUtcNow().AddDays(-1),
        });
        return pair;
    }

    private static async Task<LocalAccountRow> RegisterByFileAsync(CentralPair pair, string name = "TEST")
    {
        var account = await pair.ApprovedAccountAsync(name);
        var register = pair.Service<RegisterAccount>();
        var saved = Assert.IsType<RegisterAccount.Outcome.Saved>(await register.SaveFileAsync(pair.Gateway.Administrator, account, CancellationToken.None));
        Assert.IsType<RegisterAccount.Outcome.Registered>(
            await register.AuthorizeAsync(pair.Gateway.Administrator, account, pair.Central.ExchangeRegistration(saved.File), CancellationToken.None));
        return await pair.FindAsync(account);
    }

    private static async Task<byte[]> SaveAsync(CentralPair pair, LocalAccountRow account)
    {
        var saved = Assert.IsType<FileExchange.SaveOutcome.Saved>(
            await pair.Service<FileExchange>().SaveRequestAsync(pair.Gateway.Administrator, account, full: false, CancellationToken.None));
        await using var content = saved.Content;
        using var bytes = new MemoryStream();
        await content.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    private static Task<string?> LoadAsync(CentralPair pair, LocalAccountRow account, byte[] file) =>
        pair.Service<FileExchange>().LoadResponseAsync(pair.Gateway.Administrator, account, new MemoryStream(file), CancellationToken.None);
}

public sealed class FileExchangeOnSqliteTests : FileExchangeTests<SqliteEngine>;

public sealed class FileExchangeOnPostgreSqlTests : FileExchangeTests<PostgreSqlEngine>;
