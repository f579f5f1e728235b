using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Web.Administration;

/// <summary>Synchronisation of every account, online and by files, with its progress (ssm-on-prem 1.6).</summary>
[RequestSizeLimit(LargestFile)]
[RequestFormLimits(MultipartBodyLengthLimit = LargestFile)]
internal sealed class SynchronizationPage(
    ListSynchronizations states, StartSynchronization start, SynchronizationRunner runner, FileExchange files, Database database) : GatewayPage
{
    private const long LargestFile = 256L * 1024 * 1024;

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<ListSynchronizations.State> States { get; private set; } = [];

    [Needs(Permission.Synchronize)]
    public async Task OnGetAsync() => await LoadAsync();

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostStartAsync(string? name, string? mode) => WithAsync(name, async account =>
    {
        switch (await start.ExecuteAsync(new StartSynchronization.Request(Caller.Name, account, RunWay.Online, mode == RunMode.Full), Aborted))
        {
            case StartSynchronization.Outcome.Started(var run):
                runner.Begin(run);
                return Done(T["The synchronisation of {0} has begun.", account.Name], "/administration/synchronization");
            case StartSynchronization.Outcome.AlreadyUnderWay:
                return Done(T["A synchronisation of {0} is under way already.", account.Name], "/administration/synchronization");
            case StartSynchronization.Outcome.NotPossible(var reason):
                return Refuse(T[reason], StatusCodes.Status409Conflict);
            case var other:
                throw new InvalidOperationException(other.GetType().Name);
        }
    });

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostFileAsync(string? name, string? mode) => WithAsync(name, async account =>
        await files.SaveRequestAsync(Caller, account, mode == RunMode.Full, Aborted) switch
        {
            FileExchange.SaveOutcome.Saved(var run, var content) => File(content, "application/octet-stream", $"synchronization-request-{run.Sequence}.tgx"),
            FileExchange.SaveOutcome.NotPossible(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
            var other => throw new InvalidOperationException(other.GetType().Name),
        });

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostLoadAsync(string? name, IFormFile? file) => WithAsync(name, async account =>
    {
        if (file is null)
        {
            return Refuse(T["Choose a file first."]);
        }

        await using var content = file.OpenReadStream();
        return await files.LoadResponseAsync(Caller, account, content, Aborted) is { } refusal
            ? Refuse(T[refusal], StatusCodes.Status409Conflict)
            : Done(T["The response of {0} was taken over.", account.Name], "/administration/synchronization");
    });

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
