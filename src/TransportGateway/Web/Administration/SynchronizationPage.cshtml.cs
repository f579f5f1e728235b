using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Web.Administration;

/// <summary>Synchronisation of every account, online and by files, with its progress (ssm-on-prem 1.6).</summary>
[RequestFormLimits(MultipartBodyLengthLimit = LargestFile)]
internal sealed class SynchronizationPage(
    ListSynchronizations states, SynchronizeAll synchronize, ChangeCentral changeCentral, FileExchange files, MasterKey masterKey, Database database) : GatewayPage
{
    private const string Here = "/administration/synchronization";
    private const long LargestFile = 256L * 1024 * 1024;

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<ListSynchronizations.State> States { get; private set; } = [];

    /// <summary>Null for a person who may not change it.</summary>
    public ScheduleFields? DefaultSchedule { get; private set; }

    [Needs(Permission.Synchronize)]
    public async Task OnGetAsync() => await LoadAsync();

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostStartAsync(string? name, string? mode) => WithAsync(name, async account =>
    {
        var outcome = await synchronize.OneAsync(Caller, account, mode == RunMode.Full, Aborted);
        return outcome is StartSynchronization.Outcome.NotPossible(var reason) ? Refuse(T[reason], StatusCodes.Status409Conflict) : Done(Told(account, outcome), Here);
    });

    /// <summary>Of every account that the person may synchronise; one that cannot be does not keep the others.</summary>
    [Needs(Permission.Synchronize)]
    public async Task<IActionResult> OnPostStartAllAsync(string? mode)
    {
        var outcomes = await synchronize.ExecuteAsync(Caller, mode == RunMode.Full, Aborted);
        return Done(outcomes.Count == 0 ? T["There is no account that can be synchronised."] : string.Join('\n', outcomes.Select(entry => Told(entry.Account, entry.Outcome))), Here);
    }

    [Needs(Permission.ManageUpstream, WholeGateway = true)]
    public async Task<IActionResult> OnPostScheduleAsync(ScheduleFields fields)
    {
        if (fields.Read() is not { } schedule)
        {
            await LoadAsync();
            DefaultSchedule = fields;
            return Refuse(T[ScheduleFields.Problem]);
        }

        return await changeCentral.ExecuteAsync(new ChangeCentral.Request(Caller) { Schedule = schedule }, Aborted) is ChangeCentral.Outcome.Invalid(var problems)
            ? Refuse(string.Join('\n', problems))
            : Done(T["The schedule was saved."], Here);
    }

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostFileAsync(string? name, string? mode) => WithAsync(name, async account =>
        await files.SaveRequestAsync(Caller, account, mode == RunMode.Full, Aborted) switch
        {
            FileExchange.SaveOutcome.Saved(var run, var content) => File(content, "application/octet-stream", $"synchronization-request-{run.Sequence}.tgx"),
            FileExchange.SaveOutcome.NotPossible(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
            var other => throw new InvalidOperationException(other.GetType().Name),
        });

    [Needs(Permission.Synchronize)]
    [LongForm(LargestFile)]
    public Task<IActionResult> OnPostLoadAsync(string? name, IFormFile? file) => WithAsync(name, async account =>
    {
        if (file is null)
        {
            return Refuse(T["Choose a file first."]);
        }

        await using var content = file.OpenReadStream();
        return await files.LoadResponseAsync(Caller, account, content, Aborted) is { } refusal
            ? Refuse(T[refusal], StatusCodes.Status409Conflict)
            : Done(T["The response of {0} was taken over.", account.Name], Here);
    });

    private string Told(LocalAccountRow account, StartSynchronization.Outcome outcome) => outcome switch
    {
        StartSynchronization.Outcome.Started => T["The synchronisation of {0} has begun.", account.Name],
        StartSynchronization.Outcome.AlreadyUnderWay => T["A synchronisation of {0} is under way already.", account.Name],
        StartSynchronization.Outcome.NotPossible(var reason) => T[reason],
        var other => throw new InvalidOperationException(other.GetType().Name),
    };

    private async Task<IActionResult> WithAsync(string? name, Func<LocalAccountRow, Task<IActionResult>> work)
    {
        await LoadAsync();
        LocalAccountRow? account;
        await using (var session = await database.ReadAsync(Aborted))
        {
            account = await new LocalAccounts(session).FindByNameAsync(name ?? "", Aborted);
        }

        return account is null || !Caller.MaySee(account.Id, null) ? Missing(T["There is no such local account, or you may not see it."]) : await work(account);
    }

    private async Task LoadAsync()
    {
        if (MayForAll(Permission.ManageUpstream))
        {
            await using var session = await database.ReadAsync(Aborted);
            DefaultSchedule = ScheduleFields.Of((await CentralSettings.LoadAsync(session, masterKey, Aborted)).Schedule);
        }

        List = Listing.From(Request, "name", "satellite", "last", "due", "alert");
        States = List.Of(
            await states.ExecuteAsync(Caller, Aborted),
            state => [state.Account.Name, state.Account.CloudVirtualAccount],
            state => List.Sort switch
            {
                "satellite" => state.Account.CloudVirtualAccount,
                "last" => state.Synchronization?.LastSuccessAt ?? DateTimeOffset.MinValue,
                "due" => state.Synchronization?.DueAt ?? DateTimeOffset.MinValue,
                "alert" => state.Alert,
                _ => Names.Key(state.Account.Name),
            });
    }
}
