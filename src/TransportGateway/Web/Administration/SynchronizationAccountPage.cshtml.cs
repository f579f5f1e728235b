using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Web.Administration;

/// <summary>How one account synchronises: its schedule, what is withheld from Cisco, and what became of it so far (ssm-on-prem 1.6).</summary>
internal sealed class SynchronizationAccountPage(ListSynchronizations states, ChangeSynchronization change, Database database) : GatewayPage
{
    private const int MostRuns = 1000;

    public ListSynchronizations.State State { get; private set; } = null!;

    public ScheduleFields Schedule { get; private set; } = new();

    public bool FollowsDefault { get; private set; }

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<RunRow> Runs { get; private set; } = [];

    private string Here => "/administration/synchronization/" + Uri.EscapeDataString(State.Account.Name);

    public static string NameOf(string withheld) => withheld switch
    {
        "host-name" => "Host name",
        "ip-address" => "IP address",
        "mac-address" => "MAC address",
        _ => "Serial number",
    };

    public static string StateOf(RunRow run) => run.State switch
    {
        RunState.Sending => "sending",
        RunState.AwaitingResponse => "awaiting the response",
        RunState.Succeeded => "succeeded",
        RunState.Failed => "failed",
        _ => "abandoned",
    };

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnGetAsync(string name) => WithAsync(name, () => Task.FromResult<IActionResult>(Page()));

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostScheduleAsync(string name, ScheduleFields fields, bool followsDefault) => WithAsync(name, async () =>
    {
        (Schedule, FollowsDefault) = (fields, followsDefault);
        return followsDefault ? Answer(await change.ExecuteAsync(new ChangeSynchronization.Request(Caller, State.Account, null, FollowDefaultSchedule: true, null), Aborted))
            : fields.Read() is { } schedule ? Answer(await change.ExecuteAsync(new ChangeSynchronization.Request(Caller, State.Account, schedule, FollowDefaultSchedule: false, null), Aborted))
            : Refuse(T[ScheduleFields.Problem]);
    });

    [Needs(Permission.Synchronize)]
    public Task<IActionResult> OnPostPrivacyAsync(string name, string[]? withhold) => WithAsync(name, async () =>
        Answer(await change.ExecuteAsync(new ChangeSynchronization.Request(Caller, State.Account, null, FollowDefaultSchedule: false, withhold ?? []), Aborted)));

    private IActionResult Answer(ChangeSynchronization.Outcome outcome) => outcome switch
    {
        ChangeSynchronization.Outcome.Changed => Done(T["{0} was saved.", State.Account.Name], Here),
        ChangeSynchronization.Outcome.Invalid(var reason) => Refuse(T[reason]),
        _ => Refuse(T["This account is not registered yet; it has nothing to set."], StatusCodes.Status409Conflict),
    };

    private async Task<IActionResult> WithAsync(string name, Func<Task<IActionResult>> work)
    {
        if ((await states.ExecuteAsync(Caller, Aborted)).FirstOrDefault(state => string.Equals(state.Account.Name, name, StringComparison.OrdinalIgnoreCase)) is not { } found)
        {
            return Missing(T["There is no such local account, or you may not see it."]);
        }

        State = found;
        FollowsDefault = found.FollowsDefault;
        Schedule = ScheduleFields.Of(found.Schedule);
        List = Listing.From(Request, "-begun");
        await using (var session = await database.ReadAsync(Aborted))
        {
            Runs = List.Of(await new SynchronizationRuns(session).ListAsync(found.Account.Id, MostRuns, Aborted), run => [run.StartedBy], run => run.Id);
        }

        return await work();
    }
}
