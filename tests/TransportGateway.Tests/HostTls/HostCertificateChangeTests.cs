using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>The host certificate from the wish to the one that serves, on one node and on two.</summary>
public abstract class HostCertificateChangeTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly TEngine _engine = new();
    private readonly FakeTimeProvider _clock = new(Node.Start);
    private Database _database = null!;
    private Node _node = null!;

    public async Task InitializeAsync()
    {
        await _engine.CreateAsync();
        _database = _engine.Open(_clock);
        _node = await new Node(_database, _clock).StartAsync();
    }

    public async Task DisposeAsync()
    {
        _node.Dispose();
        await _database.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task The_first_run_serves_the_start_options_and_later_ones_do_not_count()
    {
        Assert.Equal(["ssm.example.com", "127.0.0.1"], ServerCertificate.NamesOf(_node.Served.Certificate));

        using var other = await new Node(_database, _clock, "another.example.com").StartAsync();
        await other.Keep.RunAsync(CancellationToken.None);

        Assert.Equal(_node.Served.Certificate.Thumbprint, other.Served.Certificate.Thumbprint);
        Assert.Contains(
            (await other.Check.ExecuteAsync(null, CancellationToken.None)).Findings,
            finding => finding.ToString().StartsWith("The start option host-name says 'another.example.com', but counts on the first run alone.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_start_with_a_certificate_in_place_makes_no_key_and_issues_nothing()
    {
        using var again = await new Node(_database, _clock).StartAsync();
        Assert.Equal(_node.Served.Id, again.Served.Id);
        Assert.Null(await again.UnderWayAsync());
    }

    [Fact]
    public async Task A_changed_name_is_served_at_once_here_and_after_the_next_look_on_the_other_node()
    {
        using var other = await new Node(_database, _clock).StartAsync();
        var before = other.Served.Certificate.Thumbprint;

        var changed = Assert.IsType<ChangeHostName.Outcome.Changed>(await _node.ChangeNameAsync("Licences.Example.COM", "192.0.2.9", "2001:db8::1"));

        Assert.Equal(ChangeState.Installed, changed.State);
        var certificate = _node.Served.Certificate;
        Assert.Equal("licences.example.com", certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        Assert.Equal(["licences.example.com", "192.0.2.9", "2001:db8::1"], ServerCertificate.NamesOf(certificate));
        Assert.Equal(_node.Authority.SubCa.RawData, _node.Served.Chain[1].RawData);
        Assert.Equal(before, other.Served.Certificate.Thumbprint);
        await other.Keep.RunAsync(CancellationToken.None);
        Assert.Equal(certificate.Thumbprint, other.Served.Certificate.Thumbprint);
        Assert.True(other.Served.Certificate.HasPrivateKey);
    }

    [Fact]
    public async Task Additional_names_stay_unless_others_are_given()
    {
        var kept = Assert.IsType<ChangeHostName.Outcome.Changed>(await _node.ChangeNameAsync("licences.example.com", null));
        Assert.Equal(["127.0.0.1"], kept.Names.AlternativeNames);
        var none = Assert.IsType<ChangeHostName.Outcome.Changed>(await _node.ChangeNameAsync("licences.example.com"));
        Assert.Empty(none.Names.AlternativeNames);
        Assert.IsType<ChangeHostName.Outcome.Unchanged>(await _node.ChangeNameAsync("licences.example.com", null));
    }

    [Fact]
    public async Task A_name_that_cannot_work_changes_nothing()
    {
        using var dual = await new Node(_database, _clock, dualStack: true).StartAsync();
        var events = await EventsAsync();
        foreach (var (node, name, alternative) in new[] { (_node, "https://x/", "a"), (_node, "ok.example", "two words"), (dual, "192.0.2.1", "a") })
        {
            var invalid = Assert.IsType<ChangeHostName.Outcome.Invalid>(await node.ChangeNameAsync(name, alternative));
            Assert.EndsWith(".", invalid.Reason, StringComparison.Ordinal);
        }

        Assert.Equal(events, await EventsAsync());
        Assert.Equal("ssm.example.com", (await _node.ReadAsync(session => new HostSettings(session).FindNamesAsync(CancellationToken.None)))!.CommonName);
    }

    [Fact]
    public async Task A_change_marks_every_account_with_a_smart_account_and_an_event_says_who_and_when()
    {
        await AddAccountAsync("cloud", smartAccount: "Example Corp");
        await AddAccountAsync("local", smartAccount: null);

        var changed = Assert.IsType<ChangeHostName.Outcome.Changed>(await _node.ChangeNameAsync("licences.example.com"));

        Assert.Equal(["cloud"], changed.Marked);
        var accounts = await _node.ReadAsync(session => new LocalAccounts(session).ListAsync(CancellationToken.None));
        Assert.Equal([true, false], accounts.Select(account => account.SynchronizationNeeded));
        var alert = Assert.Single(await AlertsAsync());
        Assert.Equal(("cloud-id", SynchronizationNeed.Alert, "Major"), (alert.AccountId, alert.Kind, alert.Severity));
        Assert.StartsWith(
            "The Host Common Name was changed from 'ssm.example.com' to 'licences.example.com'. Synchronise 'cloud' with Software Central;", alert.Message, StringComparison.Ordinal);
        var logged = (await _node.ReadAsync(session => new EventLog(session).ListAsync(EventFilter.OfKind(EventKinds.HostNameChanged), 10, CancellationToken.None))).Single();
        Assert.Equal(("administrator", _clock.GetUtcNow()), (logged.Actor, logged.OccurredAt));

        await using (var session = await _database.BeginAsync())
        {
            await SynchronizationNeed.ClearAsync(session, "cloud-id", _clock.GetUtcNow(), CancellationToken.None);
            await session.CommitAsync();
        }

        Assert.Empty(await AlertsAsync());
        Assert.Empty((await _node.Check.ExecuteAsync(null, CancellationToken.None)).AccountsToSynchronize);
    }

    [Theory]
    [InlineData(ChangeState.Requested)]
    [InlineData(ChangeState.AwaitingIssue)]
    public async Task A_change_that_was_cut_short_goes_on_after_a_restart_while_the_old_certificate_serves(string state)
    {
        var old = _node.Served.Certificate.Thumbprint;
        await using (var session = await _database.BeginAsync())
        {
            var names = new HostIdentity("licences.example.com", []);
            await new HostSettings(session).SetNamesAsync(names, "administrator", _clock.GetUtcNow(), CancellationToken.None);
            var change = HostCertificateChange.For(names, CertificateIssuer.Own, "test", "administrator", _clock.GetUtcNow());
            var changes = new HostCertificateChanges(session);
            await changes.AddAsync(change, CancellationToken.None);
            if (state == ChangeState.AwaitingIssue)
            {
                using var key = await _node.Authority.NextKeyAsync();
                await changes.KeyMadeAsync(
                    change.Id, Node.MasterKey.Seal(HostCertificateChange.KeyPurpose(change.Id), key.ExportPkcs8PrivateKey()), SigningRequests.For(names.AllNames, key), CancellationToken.None);
            }

            await session.CommitAsync();
        }

        using var restarted = await new Node(_database, _clock).StartAsync();
        Assert.Equal(old, restarted.Served.Certificate.Thumbprint);
        Assert.Equal(state, (await restarted.UnderWayAsync())!.State);

        await restarted.Keep.RunAsync(CancellationToken.None);

        Assert.Equal(["licences.example.com"], ServerCertificate.NamesOf(restarted.Served.Certificate));
        Assert.Null(await restarted.UnderWayAsync());
    }

    [Fact]
    public async Task Two_nodes_that_advance_one_change_at_once_end_with_one_certificate()
    {
        using var other = await new Node(_database, _clock).StartAsync();
        await using (var session = await _database.BeginAsync())
        {
            await new HostSettings(session).SetNamesAsync(new HostIdentity("licences.example.com", []), "administrator", _clock.GetUtcNow(), CancellationToken.None);
            await session.CommitAsync();
        }

        await Task.WhenAll(_node.Keep.RunAsync(CancellationToken.None), other.Keep.RunAsync(CancellationToken.None));
        await Task.WhenAll(_node.Keep.RunAsync(CancellationToken.None), other.Keep.RunAsync(CancellationToken.None));

        Assert.Equal(_node.Served.Id, other.Served.Id);
        Assert.Equal(["licences.example.com"], ServerCertificate.NamesOf(_node.Served.Certificate));
        Assert.Equal(1, await _node.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM host_certificate_changes WHERE state = 'installed'", null, CancellationToken.None)));
        Assert.Equal(1, await _node.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM host_certificate_changes WHERE sealed_key IS NOT NULL", null, CancellationToken.None)));
    }

    [Fact]
    public async Task The_gateways_own_certificate_is_renewed_sixty_days_before_its_end()
    {
        var first = _node.Served.Certificate.Thumbprint;
        _clock.Advance(TimeSpan.FromDays(365 - 61));
        await _node.Keep.RunAsync(CancellationToken.None);
        Assert.Equal(first, _node.Served.Certificate.Thumbprint);

        _clock.Advance(TimeSpan.FromDays(1));
        await _node.Keep.RunAsync(CancellationToken.None);

        Assert.NotEqual(first, _node.Served.Certificate.Thumbprint);
        Assert.Equal(["ssm.example.com", "127.0.0.1"], ServerCertificate.NamesOf(_node.Served.Certificate));
        Assert.True(_node.Served.Certificate.NotAfter.ToUniversalTime() > _clock.GetUtcNow().AddDays(364).UtcDateTime);
        Assert.Empty(await AlertsAsync());
    }

    [Fact]
    public async Task One_that_was_issued_while_the_clock_was_ahead_is_issued_anew_when_it_is_set_right()
    {
        using (var ahead = await new Node(_database, new FakeTimeProvider(Node.Start + TimeSpan.FromDays(365 - 60))).StartAsync())
        {
            await ahead.Keep.RunAsync(CancellationToken.None);
            Assert.NotEqual(_node.Served.Id, ahead.Served.Id);
        }

        await _node.Keep.RunAsync(CancellationToken.None);
        var valid = _node.Served;
        Assert.True(valid.Certificate.NotBefore.ToUniversalTime() <= _clock.GetUtcNow().UtcDateTime);
        var id = valid.Id;
        await _node.Keep.RunAsync(CancellationToken.None);
        Assert.Equal(id, _node.Served.Id);
        Assert.Null(await _node.UnderWayAsync());
    }

    private async Task AddAccountAsync(string name, string? smartAccount)
    {
        await using var session = await _database.BeginAsync();
        await new LocalAccounts(session).AddAsync(
            new LocalAccountRow { Id = name + "-id", Name = name, SmartAccount = smartAccount, CloudVirtualAccount = smartAccount is null ? null : "Default", CreatedBy = "test", CreatedAt = _clock.GetUtcNow() },
            CancellationToken.None);
        await session.CommitAsync();
    }

    private Task<IReadOnlyList<AlertRow>> AlertsAsync() => _node.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None));

    private async Task<int> EventsAsync() => (await _node.ReadAsync(session => new EventLog(session).ListAsync(EventFilter.All, 1000, CancellationToken.None))).Count;
}

public sealed class HostCertificateChangeOnSqlite : HostCertificateChangeTests<SqliteEngine>;

public sealed class HostCertificateChangeOnPostgreSql : HostCertificateChangeTests<PostgreSqlEngine>;
