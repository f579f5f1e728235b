using System.Text;
using Dapper;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Registration tokens: found by the hash of their text; the text itself is kept sealed.</summary>
internal sealed class RegistrationTokens(DbSession session)
{
    private const string Columns =
        """
        t.id, t.virtual_account_id, t.sealed_text, t.description, t.max_uses, t.uses, t.created_by, t.created_at, t.expires_at,
        t.revoked_at, a.status AS account_status,
        (t.export_controlled = TRUE AND (a.export_control_allowed IS NULL OR a.export_control_allowed = TRUE)) AS export_controlled
        """;

    // A token is worth nothing while its account is not active, and export-controlled functionality is Cisco's to allow; joining
    // the account here spares each registration a look-up.
    private const string From =
        "registration_tokens t JOIN virtual_accounts v ON v.id = t.virtual_account_id JOIN accounts a ON a.id = v.account_id";

    /// <summary>Counts one use of a token that is worth one: @TokenId, @Now.</summary>
    /// <remarks>One conditional UPDATE, so of two products racing for the last use only one wins, on either engine.</remarks>
    private const string Redeem =
        """
        UPDATE registration_tokens
           SET uses = uses + 1
         WHERE id = @TokenId AND revoked_at IS NULL AND expires_at > @Now AND (max_uses IS NULL OR uses < max_uses)
           AND EXISTS (SELECT 1 FROM virtual_accounts v JOIN accounts a ON a.id = v.account_id
                        WHERE v.id = registration_tokens.virtual_account_id AND a.status = 'active')
        """;

    private string FindByHash => $"SELECT {Columns} FROM {From} WHERE {session.Dialect.AnyOf("t.secret_hash", "@Hashes")}";

    public Task AddAsync(TokenRow token, string secretHash, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO registration_tokens
              (id, virtual_account_id, secret_hash, sealed_text, description, export_controlled, max_uses, uses, created_by, created_at, expires_at)
            VALUES
              (@Id, @VirtualAccountId, @SecretHash, @SealedText, @Description, @ExportControlled, @MaxUses, 0, @CreatedBy, @CreatedAt, @ExpiresAt)
            """,
            new
            {
                token.Id,
                token.VirtualAccountId,
                SecretHash = secretHash,
                token.SealedText,
                token.Description,
                token.ExportControlled,
                token.MaxUses,
                token.CreatedBy,
                token.CreatedAt,
                token.ExpiresAt,
            },
            cancellationToken);

    /// <summary>The tokens of a virtual account that were not revoked, the newest first.</summary>
    public Task<IReadOnlyList<TokenRow>> ListAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        session.QueryAsync<TokenRow>(
            $"SELECT {Columns} FROM {From} WHERE t.virtual_account_id = @VirtualAccountId AND t.revoked_at IS NULL ORDER BY t.created_at DESC, t.id DESC",
            new { VirtualAccountId = virtualAccountId },
            cancellationToken);

    public Task<TokenRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<TokenRow>($"SELECT {Columns} FROM {From} WHERE t.id = @Id", new { Id = id }, cancellationToken);

    public Task<TokenRow?> FindByHashAsync(IReadOnlyList<string> hashes, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<TokenRow>(FindByHash, new { Hashes = hashes }, cancellationToken);

    /// <summary>A token, and the product that is registered with a UDI, either of which may be null.</summary>
    public Task<(TokenRow? Token, InstanceRow? Registered)> FindForAsync(IReadOnlyList<string> hashes, string udiKey, CancellationToken cancellationToken) =>
        session.QueryTogetherAsync(
            $"{FindByHash}; {ProductInstances.FindRegistered}",
            new { Hashes = hashes, UdiKey = udiKey },
            async results => (await results.ReadSingleOrDefaultAsync<TokenRow>(), await results.ReadSingleOrDefaultAsync<InstanceRow>()),
            cancellationToken);

    /// <summary>Counts one use; false when the token is revoked, expired or used up by now, or its account not active.</summary>
    public async Task<bool> RedeemAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(Redeem, new { TokenId = id, Now = now }, cancellationToken) == 1;

    /// <summary>The same for a new product, which is stored with its certificate and read as others will see it.</summary>
    /// <returns>Null when the token was worth nothing by now, or the product is registered: then the caller ends its transaction without a commit.</returns>
    public Task<InstanceRow?> RedeemForAsync(string id, InstanceRow instance, IdCertificateRow certificate, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var parameters = new DynamicParameters(instance);
        parameters.AddDynamicParams(certificate);
        parameters.AddDynamicParams(new { TokenId = id, Now = now });
        return session.QueryTogetherAsync(
            $"{Redeem} RETURNING id; {ProductInstances.Add}; {IdCertificates.AddOfNew}; {ProductInstances.Find}",
            parameters,
            async results => await results.ReadSingleOrDefaultAsync<string>() is null ? null : await results.ReadSingleOrDefaultAsync<InstanceRow>(),
            cancellationToken);
    }

    /// <summary>False when it was revoked before.</summary>
    public async Task<bool> RevokeAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE registration_tokens SET revoked_at = @Now WHERE id = @Id AND revoked_at IS NULL", new { Id = id, Now = now }, cancellationToken) == 1;

    /// <summary>Takes the tokens, but for their hashes, with a virtual account that is deleted.</summary>
    public async Task<int> DeleteOfAsync(string virtualAccountId, CancellationToken cancellationToken)
    {
        const string Deleted = "FROM registration_tokens WHERE virtual_account_id = @VirtualAccountId";
        await session.ExecuteAsync($"INSERT INTO former_tokens (secret_hash) SELECT secret_hash {Deleted}", new { VirtualAccountId = virtualAccountId }, cancellationToken);
        return await session.ExecuteAsync($"DELETE {Deleted}", new { VirtualAccountId = virtualAccountId }, cancellationToken);
    }

    /// <summary>Whether this gateway ever made the token.</summary>
    public Task<bool> IssuedAsync(IReadOnlyList<string> hashes, CancellationToken cancellationToken) =>
        session.ScalarAsync<bool>(
            $"""
            SELECT EXISTS (SELECT 1 FROM registration_tokens WHERE {session.Dialect.AnyOf("secret_hash", "@Hashes")})
                OR EXISTS (SELECT 1 FROM former_tokens WHERE {session.Dialect.AnyOf("secret_hash", "@Hashes")})
            """,
            new { Hashes = hashes },
            cancellationToken);
}

internal sealed class TokenRow
{
    public required string Id { get; init; }

    public required string VirtualAccountId { get; init; }

    public required byte[] SealedText { get; init; }

    public required string Description { get; init; }

    public required bool ExportControlled { get; init; }

    public long? MaxUses { get; init; }

    public required long Uses { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Of the local account that it is for; one of <see cref="Accounts.AccountStatus"/>.</summary>
    public string AccountStatus { get; init; } = Accounts.AccountStatus.Active;

    /// <summary>Why a product cannot register with it now, in the words of the event log; null when it can.</summary>
    public string? RefusalAt(DateTimeOffset now) => this switch
    {
        { RevokedAt: not null } => "revoked",
        _ when ExpiresAt <= now => "expired",
        { MaxUses: { } most } when Uses >= most => "used up",
        { AccountStatus: not Accounts.AccountStatus.Active } => "of an account that is not active",
        _ => null,
    };

    /// <summary>Opens the text. Reading it is a permission of its own and an event; the caller sees to both.</summary>
    public Secret Open(MasterKey masterKey) => new(Encoding.ASCII.GetString(masterKey.Open(Purpose(Id), SealedText)));

    public static byte[] Seal(MasterKey masterKey, string id, string text) => masterKey.Seal(Purpose(id), Encoding.ASCII.GetBytes(text));

    private static string Purpose(string id) => "registration-token:" + id;
}
