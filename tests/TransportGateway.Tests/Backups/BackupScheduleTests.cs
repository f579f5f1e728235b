using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Backups;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Backups;

/// <summary>When backups are made, what stays of them, and what an administrator sees of it.</summary>
public sealed class BackupScheduleTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>(_clock);

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Backups_are_made_at_their_times_are_tried_at_once_and_the_oldest_go()
    {
        await _gateway.TgctlDoneAsync("backup", "recovery-key", "--yes");
        Assert.Contains("daily at 03:00 UTC; 2 are kept", await _gateway.TgctlDoneAsync("backup", "schedule", "set", "--period", "daily", "--keep", "2"), StringComparison.Ordinal);
        await _gateway.StopJobsAsync();
        await RunAsync();
        Assert.Empty(await ListAsync());

        foreach (var expected in new[] { 1, 2, 2 })
        {
            _clock.Advance(TimeSpan.FromDays(1));
            await RunAsync();
            await RunAsync();
            var made = await ListAsync();
            Assert.Equal(expected, made.Count);
            Assert.All(made, backup => Assert.True(backup is { State: BackupRow.Made, StartedBy: MakeBackup.BySchedule, DrillPassed: true }));
            Assert.Equal(made.Select(backup => backup.FileName).Order(), Directory.GetFiles(Folder).Select(Path.GetFileName).Order());
        }
    }

    [Fact]
    public async Task Backups_go_on_when_a_clock_that_was_ahead_is_set_right_and_are_not_the_first_to_go()
    {
        await ScheduleAsync();
        foreach (var days in new[] { 365, 366 })
        {
            await AddAsync(BackupRow.Made, MakeBackup.BySchedule, _clock.GetUtcNow().AddDays(days));
        }

        foreach (var expected in new[] { 1, 2 })
        {
            _clock.Advance(TimeSpan.FromDays(1));
            await RunAsync();
            await RunAsync();
            var kept = await ListAsync();
            Assert.Equal(2, kept.Count);
            Assert.Equal(expected, kept.Count(backup => backup.StartedAt <= _clock.GetUtcNow()));
        }
    }

    [Fact]
    public async Task One_of_the_schedule_that_a_kill_cut_short_is_told_as_failed_and_made_anew_once()
    {
        await ScheduleAsync();
        _clock.Advance(TimeSpan.FromDays(1));
        await AddAsync(BackupRow.Running, MakeBackup.BySchedule, _clock.GetUtcNow());
        _clock.Advance(TimeSpan.FromMinutes(5));
        await RunAsync();
        await RunAsync();
        Assert.Equal([BackupRow.Made, BackupRow.Failed], (await ListAsync()).Select(backup => backup.State));
        Assert.Contains("The gateway stopped", Assert.Single(await _gateway.EventsAsync(EventKinds.BackupFailed)).Message, StringComparison.Ordinal);
        Assert.Empty(await AlertsAsync());
    }

    [Fact]
    public async Task One_that_a_person_began_and_a_kill_cut_short_is_an_alert_and_can_be_deleted()
    {
        await _gateway.StopJobsAsync();
        await AddAsync(BackupRow.Running, "boss", _clock.GetUtcNow());
        await RunAsync();
        var cutOff = Assert.Single(await ListAsync());
        Assert.Equal(BackupRow.Failed, cutOff.State);
        Assert.Equal(Alerts.BackupFailed, Assert.Single(await AlertsAsync()).Kind);
        Assert.True(await _gateway.Gateway.Services.GetRequiredService<DeleteBackup>().ExecuteAsync(_gateway.Administrator, cutOff.Id, CancellationToken.None));
    }

    [Fact]
    public async Task One_that_is_cancelled_does_not_stay_under_way_and_the_schedule_makes_it_anew()
    {
        await ScheduleAsync();
        _clock.Advance(TimeSpan.FromDays(1));
        using var cancel = new CancellationTokenSource();
        var services = _gateway.Gateway.Services;
        var make = new MakeBackup(
            _gateway.Database, services.GetRequiredService<MasterKey>(), services.GetRequiredService<BackupFolder>(), new CancellingClock(_clock, cancel), NullLogger<MakeBackup>.Instance);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => make.ExecuteAsync(MakeBackup.BySchedule, cancel.Token));
        Assert.Contains("broken off", Assert.Single(await ListAsync(), backup => backup.State == BackupRow.Failed).Problem, StringComparison.Ordinal);
        Assert.Equal(Alerts.BackupFailed, Assert.Single(await AlertsAsync()).Kind);
        Assert.Empty(Directory.GetFileSystemEntries(Folder));

        _clock.Advance(TimeSpan.FromMinutes(1));
        await RunAsync();
        Assert.Single(await ListAsync(), backup => backup.State == BackupRow.Made);
    }

    [Fact]
    public async Task A_backup_leaves_alone_what_a_drill_or_a_restore_works_in_and_the_next_start_sweeps_it()
    {
        await _gateway.TgctlDoneAsync("backup", "recovery-key", "--yes");
        using var inUse = _gateway.Gateway.Services.GetRequiredService<BackupFolder>().NewScratch();
        await _gateway.TgctlDoneAsync("backup", "run");
        Assert.True(Directory.Exists(inUse.Path));
        await _gateway.RestartAsync();
        Assert.False(Directory.Exists(inUse.Path));
    }

    [Fact]
    public async Task A_backup_that_fails_is_in_the_list_with_its_reason_and_an_alert_until_one_succeeds()
    {
        await _gateway.TgctlDoneAsync("backup", "recovery-key", "--yes");
        // Where the folder should be there is a file.
        await File.WriteAllTextAsync(Folder, "");
        Assert.Contains("The backup failed", await _gateway.TgctlRefusedAsync("backup", "run"), StringComparison.Ordinal);
        Assert.Equal(BackupRow.Failed, Assert.Single(await ListAsync()).State);
        Assert.Equal(Alerts.BackupFailed, Assert.Single(await AlertsAsync()).Kind);

        File.Delete(Folder);
        await _gateway.TgctlDoneAsync("backup", "run");
        Assert.Empty(await AlertsAsync());
    }

    [Fact]
    public async Task Without_a_recovery_key_there_is_no_backup_and_no_schedule()
    {
        Assert.Contains("Make a recovery key first", await _gateway.TgctlRefusedAsync("backup", "run"), StringComparison.Ordinal);
        Assert.Contains("Make a recovery key first", await _gateway.TgctlRefusedAsync("backup", "schedule", "set", "--period", "daily"), StringComparison.Ordinal);
        await _gateway.TgctlDoneAsync("backup", "recovery-key", "--yes");
        Assert.Contains("day is 0 (Sunday) to 6", await _gateway.TgctlRefusedAsync("backup", "schedule", "set", "--period", "weekly", "--day", "9"), StringComparison.Ordinal);
        Assert.Contains("1 to 1000", await _gateway.TgctlRefusedAsync("backup", "schedule", "set", "--period", "daily", "--keep", "0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_restores_over_the_network_and_no_name_leads_out_of_the_folder()
    {
        using var client = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using var restored = await client.PostAsync("/api/v2/restore", new ByteArrayContent([1, 2, 3]));
        Assert.Equal(HttpStatusCode.Forbidden, restored.StatusCode);
        Assert.Contains("on the gateway's own machine", await restored.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        foreach (var id in new[] { "..%2F..%2Fmaster.key", "nothing", "%2Fetc%2Fpasswd" })
        {
            using var answer = await client.GetAsync($"/api/v2/backups/{id}/file");
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_restore_that_was_cut_off_after_its_commit_gets_its_key_at_the_next_start()
    {
        var folder = new BackupFolder(Folder, Path.Combine(Directory.CreateTempSubdirectory("tg-key-").FullName, "master.key"));
        await File.WriteAllTextAsync(folder.MasterKeyFile, "before");
        await File.WriteAllTextAsync(folder.RestoredKeyFile, "restored");
        await folder.SettleMasterKeyAsync(_gateway.Database, CancellationToken.None);
        Assert.Equal("before", await File.ReadAllTextAsync(folder.MasterKeyFile));
        Assert.False(File.Exists(folder.RestoredKeyFile));

        await File.WriteAllTextAsync(folder.RestoredKeyFile, "restored");
        var hash = await BackupFile.HashAsync(folder.RestoredKeyFile, CancellationToken.None);
        await _gateway.WriteAsync(async (session, now) =>
        {
            await new StoredSettings(session).SetAsync(BackupFolder.RestoredKeySetting, hash, "test", now, CancellationToken.None);
            return hash;
        });
        await folder.SettleMasterKeyAsync(_gateway.Database, CancellationToken.None);
        Assert.Equal("restored", await File.ReadAllTextAsync(folder.MasterKeyFile));
        Assert.Equal("before", await File.ReadAllTextAsync(folder.MasterKeyFile + ".before-restore"));
        Directory.Delete(Path.GetDirectoryName(folder.MasterKeyFile)!, recursive: true);
    }

    [Fact]
    public async Task An_administrator_makes_tries_downloads_and_deletes_backups_in_the_browser()
    {
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        Assert.Contains("There is no recovery key yet", await browser.PageAsync("/administration/backup"), StringComparison.Ordinal);
        using (var key = await browser.PostAsync("/administration/backup?handler=Key"))
        {
            Assert.Matches("([2-9A-Z]{4}-){7}[2-9A-Z]{4}", await key.Content.ReadAsStringAsync());
        }

        using (var run = await browser.PostAsync("/administration/backup?handler=Run"))
        {
            Assert.Equal(HttpStatusCode.Redirect, run.StatusCode);
        }

        var page = await browser.PageAsync("/administration/backup");
        Assert.Contains("its restore drill passed", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("([2-9A-Z]{4}-){7}[2-9A-Z]{4}", page);
        var backup = Assert.Single(await ListAsync());
        using (var file = await browser.GetAsync($"/administration/backup?handler=File&id={backup.Id}"))
        {
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Folder, backup.FileName)), await file.Content.ReadAsByteArrayAsync());
        }

        using var deleted = await browser.PostAsync("/administration/backup?handler=Delete", ("id", backup.Id));
        Assert.Equal(HttpStatusCode.Redirect, deleted.StatusCode);
        Assert.Empty(await ListAsync());
        Assert.Empty(Directory.GetFiles(Folder));
    }

    private string Folder => Path.Combine(_gateway.Gateway.Directory.Path, "backups");

    private Task RunAsync() => _gateway.Gateway.Services.GetServices<IJob>().OfType<BackupJob>().Single().RunAsync(CancellationToken.None);

    private Task<IReadOnlyList<BackupRow>> ListAsync() => _gateway.ReadAsync(session => new BackupStore(session).ListAsync(CancellationToken.None));

    private Task<IReadOnlyList<AlertRow>> AlertsAsync() => _gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None));

    /// <summary>Daily; two are kept.</summary>
    private async Task ScheduleAsync()
    {
        await _gateway.TgctlDoneAsync("backup", "recovery-key", "--yes");
        await _gateway.TgctlDoneAsync("backup", "schedule", "set", "--period", "daily", "--keep", "2");
        await _gateway.StopJobsAsync();
    }

    private Task<bool> AddAsync(string state, string by, DateTimeOffset startedAt) => _gateway.WriteAsync(async (session, _) =>
    {
        await new BackupStore(session).AddAsync(
            new BackupRow { Id = Ids.New(startedAt), Node = BackupFolder.Node, StartedBy = by, StartedAt = startedAt, State = state }, CancellationToken.None);
        return true;
    });

    /// <summary>Who looks at it a second time has gone too far: it cancels.</summary>
    private sealed class CancellingClock(TimeProvider clock, CancellationTokenSource cancel) : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow()
        {
            if (Interlocked.Increment(ref _looks) == 2)
            {
                cancel.Cancel();
            }

            return clock.GetUtcNow();
        }
    }
}
