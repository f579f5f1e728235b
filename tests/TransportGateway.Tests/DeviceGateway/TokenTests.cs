using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Accounts;
using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>Tokens that do not count look the same to the product and differ in the event log (8.7.20).</summary>
public abstract class TokenTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Theory]
    [InlineData("unknown")]
    [InlineData("expired")]
    [InlineData("used up")]
    [InlineData("revoked")]
    [InlineData("of an account that is not active")]
    public async Task A_token_that_does_not_count_is_refused_in_one_wording_and_the_event_log_says_why(string cause)
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var token = cause == "unknown" ? "NoSuchToken" : await gateway.CreateTokenAsync(maxUses: 1, days: 1);
        switch (cause)
        {
            case "expired":
                clock.Advance(TimeSpan.FromDays(1));
                break;
            case "used up":
                Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Pi37).RegisterAsync(token));
                break;
            case "revoked":
                await new RevokeToken(gateway.Database, clock).ExecuteAsync(gateway.Administrator, gateway.VirtualAccount, token, CancellationToken.None);
                break;
            case "of an account that is not active":
                await gateway.ChangedAsync(gateway.Account, AccountStep.Deactivate);
                break;
        }

        var product = gateway.Product(SeedProducts.Cucmpub);
        var events = await gateway.AssertRefusedAsync(
            WireAnswers.Errors("token", $"The token '{token}' is not valid."), () => gateway.Client().PostAsync(product.DraftRegistration(token).Seal()));
        Assert.Equal(
            [$"{EventKinds.RegistrationRefused}: A registration of PID:UCM SN:6b1f2c0d94e74a53b8d06c7e5a1 was refused: its registration token is {cause}."], events);
        await AssertNowhereAsync(gateway, token);
    }

    [Fact]
    public async Task The_refusal_of_a_first_registration_is_signed_by_the_certificate_that_its_header_names()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        var refused = await gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration("NoSuchToken").Seal());

        var signer = gateway.Gateway.Services.GetRequiredService<CertificateAuthority>().CurrentSigner;
        var signature = JsonNode.Parse(refused.Body)!["signature"]!;
        Assert.Equal(("FAILED", "TOKEN_NOT_VALID"), (refused.Status, (string?)refused.Response["message_code"]));
        Assert.Equal(signer.Serial, (string?)refused.Header["signing_cert_serial_number"]);
        Assert.Equal("SHA-256", (string?)signature["type"]);
        using var key = signer.Certificate.GetRSAPublicKey()!;
        Assert.True(key.VerifyData(
            Encoding.UTF8.GetBytes(refused.ResponseText), Convert.FromBase64String((string)signature["value"]!), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Fact]
    public async Task A_token_that_is_good_for_more_is_nowhere_in_the_database_in_the_clear_whatever_was_sent_with_it()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        var product = gateway.Product(SeedProducts.Cucmpub);

        Assert.Equal("OK", (await gateway.Client().PostAsync(product.DraftRegistration(token).Seal())).Status);
        Assert.Equal("FAILED", (await gateway.Client().PostAsync(product.DraftRegistration(token).Seal())).Status);
        Assert.Equal("FAILED", (await gateway.Client().PostAsync(product.DraftRegistration(token).Sealed(draft => draft.SignatureValue = ""))).Status);
        Assert.Equal("FAILED", (await gateway.Client().PostAsync(product.DraftRegistration(token).Sealed(draft => draft.RequestNonce = "2"))).Status);
        await gateway.Client().PostAsync(product.DraftRegistration(token).Sealed(draft => draft.EditEnvelopeText = text => text[..^2]));
        var registered = await gateway.RegisteredAsync(SeedProducts.Pi37);
        Assert.Equal("FAILED", (await gateway.Client().PostAsync(registered.DraftAuthorization().Sealed(draft =>
        {
            draft.RequestTypeName = "TRUST";
            draft.Data["id_token"] = token;
        }))).Status);
        Assert.Equal("OK", (await gateway.Client().PostAsync(registered.DraftAuthorization().Sealed(draft => draft.Data["credential"] = token))).Status);

        await AssertNowhereAsync(gateway, token);
    }

    [Fact]
    public async Task A_token_counts_until_the_instant_it_expires()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var token = await gateway.CreateTokenAsync(days: 1);

        clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1));

        Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Cucmpub).RegisterAsync(token));
    }

    [Fact]
    public async Task A_token_that_a_form_percent_encoded_or_padded_is_found()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Cucmpub).RegisterAsync($"%{(int)token[0]:X2}{token[1..]}%0A"));
        Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Pi37).RegisterAsync($"  {token} "));
        await AssertNowhereAsync(gateway, token);
    }

    [Fact]
    public async Task A_token_of_more_than_255_characters_is_refused_unseen()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        foreach (var length in new[] { 256, 4096 })
        {
            var token = new string('x', length);

            var events = await gateway.AssertRefusedAsync(
                WireAnswers.Errors("id_token", "The field request_data.id_token is longer than 255 characters."),
                () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Seal()));

            Assert.Equal([$"{EventKinds.RegistrationRefused}: A REGISTRATION message was refused: a value that will not do."], events);
            await AssertNowhereAsync(gateway, token);
        }
    }

    [Fact]
    public async Task A_token_that_is_no_text_or_beyond_all_bounds_is_refused_by_its_field()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = gateway.Product(SeedProducts.Cucmpub);
        var token = await gateway.CreateTokenAsync();
        foreach (var (sentence, change) in new (string, Action<MessageDraft>)[]
        {
            ("must be a string.", draft => draft.Data["id_token"] = 7),
            ("holds a control character.", draft => draft.Data["id_token"] = token + "\u0001"),
            ("is missing.", draft => draft.Data.Remove("id_token")),
        })
        {
            await gateway.AssertRefusedAsync(
                WireAnswers.Errors("id_token", "The field request_data.id_token " + sentence),
                () => gateway.Client().PostAsync(product.DraftRegistration(token).Sealed(change)));
        }

        await AssertNowhereAsync(gateway, token);
    }

    [Fact]
    public async Task A_token_may_travel_as_credential_too_but_not_differ()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        var other = await gateway.CreateTokenAsync();
        var product = gateway.Product(SeedProducts.Pi37);

        var events = await gateway.AssertRefusedAsync(
            WireAnswers.Errors("token", "The credential and the field request_data.id_token hold different tokens."),
            () => gateway.Client().PostAsync(product.DraftRegistration(token).Sealed(draft => draft.Credential!["value"] = other)));
        Assert.Equal([$"{EventKinds.RegistrationRefused}: A REGISTRATION message was refused: a value that will not do."], events);

        Assert.IsType<ProductResult.Accepted>(await product.SendAsync(product.DraftRegistration(token).Seal()));
        await AssertNowhereAsync(gateway, token);
        await AssertNowhereAsync(gateway, other);
    }

    /// <summary>Neither a log line nor any value in the database may hold a token; where it is kept, it is sealed.</summary>
    private static async Task AssertNowhereAsync(TestGateway gateway, string token)
    {
        Assert.NotEmpty(gateway.Log.Lines);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains(token, StringComparison.Ordinal));
        foreach (var column in await gateway.ReadAsync(session => session.ColumnsAsync(CancellationToken.None)))
        {
            var values = await gateway.ReadAsync(session => session.QueryAsync<object?>(
                $"SELECT {Dialect.Quote(column.ColumnName)} FROM {Dialect.Quote(column.TableName)}", null, CancellationToken.None));
            Assert.DoesNotContain(values, value => (value as string ?? (value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : "")).Contains(token, StringComparison.Ordinal));
        }
    }
}

public sealed class TokenOnSqlite : TokenTests<SqliteEngine>;

public sealed class TokenOnPostgreSql : TokenTests<PostgreSqlEngine>;
