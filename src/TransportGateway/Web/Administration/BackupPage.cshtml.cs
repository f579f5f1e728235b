using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Backups;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Backups: schedule, run now, download, restore drill (ssm-on-prem 1.10, and what it lacks).</summary>
internal sealed class BackupPage(ChangeBackups change, MakeBackup make, DrillBackup drill, DeleteBackup delete, BackupFolder folder, Database database, TimeProvider clock) : GatewayPage
{
    private const string Here = "/administration/backup";

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<(BackupRow Backup, bool IsHere)> Backups { get; private set; } = [];

    public BackupSettings Settings { get; private set; } = null!;

    /// <summary>The one that was just made, this once.</summary>
    public Secret? NewKey { get; private set; }

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnGetAsync()
    {
        await LoadAsync();
        return Page();
    }

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnGetFileAsync(string? id)
    {
        PageHeaders.Set(Response);
        return await BackupFeature.FindFileAsync(database, folder, Caller, id ?? "", clock, Aborted) is { } found
            ? PhysicalFile(folder.PathOf(found), BackupFeature.FileType, found.FileName)
            : Missing(T["There is no such backup on this machine."]);
    }

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnPostRunAsync() => await make.ExecuteAsync(Caller.Name, Aborted) switch
    {
        MakeBackup.Outcome.Made(var backup) => Done(
            (await drill.ExecuteAsync(Caller.Name, backup.Id, Aborted))?.DrillPassed == true ? T["The backup was made, and its restore drill passed."] : T["The backup was made, but its restore drill failed: see the list."], Here),
        MakeBackup.Outcome.Failed(var backup) => await RefuseAsync(T["The backup failed: {0}", backup.Problem]),
        MakeBackup.Outcome.NotPossible(var reason) => await RefuseAsync(T[reason]),
        var other => throw new InvalidOperationException(other.ToString()),
    };

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnPostKeyAsync()
    {
        NewKey = await change.NewRecoveryKeyAsync(Caller, Aborted);
        await LoadAsync();
        return Page();
    }

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnPostDrillAsync(string? id) => await drill.ExecuteAsync(Caller.Name, id ?? "", Aborted) is { } backup
        ? Done(backup.DrillPassed == true ? T["The restore drill passed."] : T["The restore drill failed: see the list."], Here)
        : Missing(T["There is no such backup on this machine."]);

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnPostDeleteAsync(string? id) => await delete.ExecuteAsync(Caller, id ?? "", Aborted)
        ? Done(T["The backup was deleted."], Here)
        : Missing(T["There is no such backup on this machine."]);

    [Needs(Permission.ManageDatabase)]
    public async Task<IActionResult> OnPostScheduleAsync(string? period, int? day, int hour, int keep)
    {
        // A day says something of a week or a month alone.
        var problem = await change.SetAsync(Caller, period ?? "", period is "weekly" or "monthly" ? day : null, period == "never" ? 0 : hour, keep, Aborted);
        return problem is null ? Done(T["The schedule was saved."], Here) : await RefuseAsync(T[problem]);
    }

    private async Task<IActionResult> RefuseAsync(string problem)
    {
        await LoadAsync();
        return Refuse(problem);
    }

    private async Task LoadAsync()
    {
        Settings = await change.ReadAsync(Aborted);
        List = Listing.From(Request, "-time");
        await using var session = await database.ReadAsync(Aborted);
        Backups = [.. List.Of(await new BackupStore(session).ListAsync(Aborted), backup => [backup.FileName, backup.StartedBy], backup => backup.StartedAt).Select(backup => (backup, folder.Has(backup)))];
    }
}
