using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Authority;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Authority;

public abstract class CertificateAuthorityTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly TEngine _engine = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero));
    private readonly MasterKey _masterKey = new(RandomNumberGenerator.GetBytes(32));
    private Database _database = null!;
    private CertificateAuthority _authority = null!;

    public async Task InitializeAsync()
    {
        await _engine.CreateAsync();
        _database = _engine.Open(_clock);
        _authority = new CertificateAuthority(_database, _masterKey, new AuthorityOptions("Test"), _clock);
        await _authority.EnsureAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        _authority.Dispose();
        _masterKey.Dispose();
        await _database.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task A_restart_finds_the_same_authority_and_issues_nothing()
    {
        using var again = new CertificateAuthority(_database, _masterKey, new AuthorityOptions("Test"), _clock);
        Assert.Empty(await again.EnsureAsync(CancellationToken.None));
        Assert.Equal(_authority.Root.Thumbprint, again.Root.Thumbprint);
        Assert.Equal(_authority.CurrentSigner.Serial, again.CurrentSigner.Serial);
    }

    [Fact]
    public async Task Another_master_key_opens_nothing_and_the_message_says_which_file_is_missing()
    {
        using var wrong = new MasterKey(RandomNumberGenerator.GetBytes(32));
        using var again = new CertificateAuthority(_database, wrong, new AuthorityOptions("Test"), _clock);
        var exception = await Assert.ThrowsAsync<DatabaseUnusableException>(() => again.EnsureAsync(CancellationToken.None));
        Assert.Contains("Put back the master.key file", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_signing_certificate_comes_in_time_and_the_old_one_answers_those_who_name_it_while_it_is_valid()
    {
        var old = _authority.CurrentSigner;
        _clock.Advance(TimeSpan.FromDays((3 * 365) - 401));
        Assert.Empty(await _authority.EnsureAsync(CancellationToken.None));
        _clock.Advance(TimeSpan.FromDays(2));
        Assert.StartsWith("signing certificate", Assert.Single(await _authority.EnsureAsync(CancellationToken.None)), StringComparison.Ordinal);

        var current = _authority.CurrentSigner;
        Assert.NotEqual(old.Serial, current.Serial);
        Assert.Equal(old.Serial, _authority.SignerFor(old.Serial, _clock.GetUtcNow()).Serial);
        Assert.Equal(current.Serial, _authority.SignerFor(null, _clock.GetUtcNow()).Serial);
        Assert.Equal(current.Serial, _authority.SignerFor("4711", _clock.GetUtcNow()).Serial);
        Assert.Equal(current.Serial, _authority.SignerFor(old.Serial, old.NotAfter.AddSeconds(1)).Serial);
    }

    [Fact]
    public async Task A_new_sub_CA_comes_while_all_that_the_old_one_issued_is_still_valid()
    {
        var old = _authority.SubCa.Thumbprint;
        _clock.Advance(TimeSpan.FromDays(12 * 365));
        var issued = await _authority.EnsureAsync(CancellationToken.None);
        Assert.Contains(issued, sentence => sentence.StartsWith("sub-ca certificate", StringComparison.Ordinal));
        Assert.NotEqual(old, _authority.SubCa.Thumbprint);
        Assert.Equal(_authority.Root.SubjectName.RawData, _authority.SubCa.IssuerName.RawData);
        Assert.Equal(_authority.SubCa.SubjectName.RawData, _authority.CurrentSigner.Certificate.IssuerName.RawData);
        Assert.Equal(
            KeyIdentifier(_authority.SubCa),
            _authority.CurrentSigner.Certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray());
    }

    [Fact]
    public async Task The_signing_certificate_is_always_of_the_sub_CA_that_is_given_out_with_it()
    {
        for (var year = 0.0; year < 13; year += 0.5)
        {
            await _authority.EnsureAsync(CancellationToken.None);
            Assert.Equal(
                KeyIdentifier(_authority.SubCa),
                _authority.CurrentSigner.Certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray());
            _clock.Advance(TimeSpan.FromDays(365 / 2));
        }
    }

    [Theory]
    [InlineData(2 * 365)]
    [InlineData(14 * 365)]
    public async Task What_was_made_while_the_clock_was_far_ahead_is_not_used_before_its_time(int days)
    {
        var (subCa, signer, now) = (_authority.SubCa.Thumbprint, _authority.CurrentSigner.Serial, _clock.GetUtcNow());
        var ahead = new FakeTimeProvider(now.AddDays(days));
        using (var early = new CertificateAuthority(_database, _masterKey, new AuthorityOptions("Test"), ahead))
        {
            Assert.NotEmpty(await early.EnsureAsync(CancellationToken.None));
            Assert.NotEqual(signer, early.CurrentSigner.Serial);
        }

        Assert.Empty(await _authority.EnsureAsync(CancellationToken.None));
        using var standby = new CertificateAuthority(_database, _masterKey, new AuthorityOptions("Test"), _clock);
        Assert.True(await standby.LoadAsync(CancellationToken.None));
        foreach (var authority in new[] { _authority, standby })
        {
            Assert.Equal((subCa, signer), (authority.SubCa.Thumbprint, authority.CurrentSigner.Serial));
            Assert.Equal(signer, authority.SignerFor(null, now).Serial);
        }

        // The next one is made in its time all the same.
        _clock.Advance(TimeSpan.FromDays((3 * 365) - 399));
        await _authority.EnsureAsync(CancellationToken.None);
        Assert.True(_authority.CurrentSigner.IsValidAt(_clock.GetUtcNow()));
        Assert.True(_authority.CurrentSigner.NotAfter > _clock.GetUtcNow().AddDays(400));
        Assert.Empty(await _authority.EnsureAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(400 * 24 * 60)]
    public async Task An_authority_that_is_not_valid_yet_is_used_all_the_same_and_nothing_is_made_in_its_place(int minutesBack)
    {
        var (root, subCa, signer) = (_authority.Root.Thumbprint, _authority.SubCa.Thumbprint, _authority.CurrentSigner.Serial);
        var behind = new FakeTimeProvider(_clock.GetUtcNow().AddMinutes(-minutesBack));
        using var again = new CertificateAuthority(_database, _masterKey, new AuthorityOptions("Test"), behind);

        Assert.True(await again.LoadAsync(CancellationToken.None));
        Assert.Empty(await again.EnsureAsync(CancellationToken.None));

        Assert.Equal((root, subCa, signer), (again.Root.Thumbprint, again.SubCa.Thumbprint, again.CurrentSigner.Serial));
    }

    [Theory]
    [InlineData((3 * 365) - 399)]
    [InlineData(12 * 365)]
    public async Task A_clock_that_is_set_back_a_little_after_a_renewal_has_nothing_made_once_more(int days)
    {
        _clock.Advance(TimeSpan.FromDays(days));
        Assert.NotEmpty(await _authority.EnsureAsync(CancellationToken.None));
        var behind = new FakeTimeProvider(_clock.GetUtcNow().AddMinutes(-10));
        using var again = new CertificateAuthority(_database, _masterKey, new AuthorityOptions("Test"), behind);

        Assert.Empty(await again.EnsureAsync(CancellationToken.None));
        Assert.Equal(
            KeyIdentifier(again.SubCa),
            again.CurrentSigner.Certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.ToArray());

        behind.Advance(TimeSpan.FromMinutes(10));
        Assert.Empty(await again.EnsureAsync(CancellationToken.None));
        Assert.Equal((_authority.SubCa.Thumbprint, _authority.CurrentSigner.Serial), (again.SubCa.Thumbprint, again.CurrentSigner.Serial));
    }

    private static byte[] KeyIdentifier(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();
}

public sealed class CertificateAuthorityOnSqlite : CertificateAuthorityTests<SqliteEngine>;

public sealed class CertificateAuthorityOnPostgreSql : CertificateAuthorityTests<PostgreSqlEngine>;
