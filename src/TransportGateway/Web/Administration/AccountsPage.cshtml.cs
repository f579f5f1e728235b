using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Upstream;

namespace TransportGateway.Web.Administration;

/// <summary>Local accounts, the requests for them, and what happened to them (ssm-on-prem 1.5).</summary>
internal sealed class AccountsPage(
    CreateLocalAccount create, RequestAccount request, ChangeAccountStatus change, RegisterAccount register, DeleteLocalAccount delete, Database database) : AccountRequestPage(request)
{
    private static readonly EventFilter EventsOfAccounts = new()
    {
        Kinds =
        [
            EventKinds.AccountCreated, EventKinds.AccountRequested, EventKinds.AccountApproved, EventKinds.AccountRejected, EventKinds.AccountRegistered, EventKinds.AccountRegistrationFailed,
            EventKinds.AccountToRegisterAgain, EventKinds.AccountActivated, EventKinds.AccountDeactivated, EventKinds.AccountDeleted,
        ],
    };

    private static readonly Dictionary<AccountStep, (string Label, string Handler, bool IsDanger, string? Question)> Steps = new()
    {
        [AccountStep.Approve] = ("Approve", "Step", false, null),
        [AccountStep.Reject] = ("Reject", "Reject", true, null),
        [AccountStep.Activate] = ("Activate", "Step", false, null),
        [AccountStep.Deactivate] = ("Deactivate", "Step", true, "Deactivate {0}? No product can register in it then; those that are registered are served as before."),
        [AccountStep.RegisterAgain] = ("Register again", "Step", false, null),
    };

    /// <summary>Empty for the accounts, else <c>requests</c> or <c>events</c>.</summary>
    public string Tab => RouteData.Values["tab"] as string ?? "";

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<LocalAccountRow> Accounts { get; private set; } = [];

    /// <summary>Null on the other tabs.</summary>
    public EventListing? Events { get; private set; }

    /// <summary>Those that an authorisation file can be loaded for.</summary>
    public IReadOnlyList<string> Awaiting { get; private set; } = [];

    /// <summary>Requests that can be rejected.</summary>
    public IReadOnlyList<string> Rejectable { get; private set; } = [];

    /// <summary>The one that was to be rejected, with the reason that was typed.</summary>
    public string? Rejecting { get; private set; }

    public string Reason { get; private set; } = "";

    public static string StatusOf(LocalAccountRow account) => AccountStatus.Shown(account.Status);

    /// <summary>What can be done with the account as it is.</summary>
    public static IEnumerable<AccountAction> ActionsOf(LocalAccountRow account)
    {
        // A rejection wants a reason, so it has a form of its own below the list.
        foreach (var (step, (label, handler, isDanger, question)) in Steps.Where(entry => entry.Key != AccountStep.Reject && AccountTransitions.From(entry.Key).Contains(account.Status)))
        {
            if (step != AccountStep.RegisterAgain || account.SmartAccount is not null)
            {
                yield return new AccountAction(label, handler, step.ToString(), isDanger, question);
            }
        }

        if (account.Status == AccountStatus.AwaitingAuthorization)
        {
            yield return new AccountAction("Register at Cisco", "Register", "", IsDanger: false, null);
            yield return new AccountAction("Save registration file", "RegistrationFile", "", IsDanger: false, null);
        }

        yield return new AccountAction("Delete", "Delete", "", IsDanger: true, "Delete the account {0} with its tokens and its event log entries?");
    }

    [Needs(Permission.ManageAccounts)]
    public async Task<IActionResult> OnGetAsync(string? tab)
    {
        if (tab is not (null or "" or "requests" or "events"))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync();
        return Page();
    }

    [Needs(Permission.ManageAccounts)]
    public async Task<IActionResult> OnGetFileAsync(string? tab) =>
        tab == "events" ? await EventListing.FileAsync(this, EventsOfAccounts) : Missing(T["There is nothing at this address."]);

    [Needs(Permission.ManageAccounts)]
    public async Task<IActionResult> OnPostRequestAsync(AccountFields fields)
    {
        await LoadAsync();
        return await RequestAsync(fields, account => Done(T["{0} is requested. Approve it here.", account.Name], "/administration/accounts/requests"));
    }

    [Needs(Permission.ManageAccounts)]
    public async Task<IActionResult> OnPostCreateLocalAsync(AccountFields fields)
    {
        Entered = fields;
        await LoadAsync();
        return await create.ExecuteAsync(Caller, fields.Name?.Trim() ?? "", Aborted) switch
        {
            CreateLocalAccount.Outcome.Created(var account) => Done(T["{0} was created.", account.Name], "/administration/accounts"),
            CreateLocalAccount.Outcome.NameInvalid(var reason) => Refuse(T[reason]),
            CreateLocalAccount.Outcome.NameTaken(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
            _ => Refuse(T["Your roles do not allow this. A system administrator can change them."], StatusCodes.Status403Forbidden),
        };
    }

    [Needs(Permission.ManageAccounts)]
    public Task<IActionResult> OnPostStepAsync(string? name, AccountStep step) =>
        Steps.TryGetValue(step, out var known) && known.Handler == "Step" ? StepAsync(name, step, "") : Task.FromResult(Missing(T["There is nothing at this address."]));

    [Needs(Permission.ManageAccounts)]
    public Task<IActionResult> OnPostRejectAsync(string? name, string? reason)
    {
        (Rejecting, Reason) = (name, reason?.Trim() ?? "");
        return StepAsync(name, AccountStep.Reject, Reason);
    }

    [Needs(Permission.ManageAccounts)]
    public Task<IActionResult> OnPostRegisterAsync(string? name) => WithAsync(name, async account => Answer(await register.ExecuteAsync(Caller, account, Aborted), account));

    [Needs(Permission.ManageAccounts)]
    public Task<IActionResult> OnPostRegistrationFileAsync(string? name) => WithAsync(name, async account => Answer(await register.SaveFileAsync(Caller, account, Aborted), account));

    [Needs(Permission.ManageAccounts)]
    public Task<IActionResult> OnPostAuthorizationFileAsync(string? name, IFormFile? file) => WithAsync(name, async account =>
    {
        if (file is null)
        {
            return Refuse(T["Choose a file first."]);
        }

        using var content = new MemoryStream();
        await file.CopyToAsync(content, Aborted);
        return Answer(await register.AuthorizeAsync(Caller, account, content.ToArray(), Aborted), account);
    });

    [Needs(Permission.ManageAccounts)]
    public Task<IActionResult> OnPostDeleteAsync(string? name) => WithAsync(name, async account => await delete.ExecuteAsync(Caller, account, Aborted) switch
    {
        DeleteLocalAccount.Outcome.Deleted => Done(T["{0} was deleted.", account.Name], "/administration/accounts"),
        DeleteLocalAccount.Outcome.Blocked(var blockers) => Refuse(string.Join('\n', blockers.Prepend(T["{0} is still in use; nothing was deleted.", account.Name])), StatusCodes.Status409Conflict),
        DeleteLocalAccount.Outcome.NotAllowed => Refuse(T["Your roles do not allow this. A system administrator can change them."], StatusCodes.Status403Forbidden),
        _ => Missing(T["There is no such local account, or you may not see it."]),
    });

    private IActionResult Answer(RegisterAccount.Outcome outcome, LocalAccountRow account) => outcome switch
    {
        RegisterAccount.Outcome.Registered => Done(T["{0} is registered at Cisco and active.", account.Name], "/administration/accounts"),
        RegisterAccount.Outcome.Saved(var file) => File(file, "application/octet-stream", "registration-request.tgx"),
        RegisterAccount.Outcome.NotPossible(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
        RegisterAccount.Outcome.Failed(var reason) => Refuse(T[reason], StatusCodes.Status502BadGateway),
        _ => throw new InvalidOperationException(outcome.GetType().Name),
    };

    private Task<IActionResult> StepAsync(string? name, AccountStep step, string reason) => WithAsync(name, async account =>
        await change.ExecuteAsync(new ChangeAccountStatus.Request(Caller, account, step, reason), Aborted) switch
        {
            ChangeAccountStatus.Outcome.Changed(var changed) => Done($"{changed.Name}: {T[StatusOf(changed)]}", AccountStatus.IsRequest(changed.Status) ? "/administration/accounts/requests" : "/administration/accounts"),
            ChangeAccountStatus.Outcome.ReasonInvalid(var problem) => Refuse(T[problem]),
            ChangeAccountStatus.Outcome.NotPossible(var problem) => Refuse(T[problem], StatusCodes.Status409Conflict),
            _ => Refuse(T["Your roles do not allow this. A system administrator can change them."], StatusCodes.Status403Forbidden),
        });

    private async Task<IActionResult> WithAsync(string? name, Func<LocalAccountRow, Task<IActionResult>> work)
    {
        LocalAccountRow? account;
        await using (var session = await database.ReadAsync(Aborted))
        {
            account = await new LocalAccounts(session).FindByNameAsync(name ?? "", Aborted);
        }

        if (account is null || !Caller.MaySee(account.Id, null))
        {
            return Missing(T["There is no such local account, or you may not see it."]);
        }

        await LoadAsync();
        return await work(account);
    }

    private async Task LoadAsync()
    {
        List = Listing.From(Request, "account", "by", "smart", "virtual", "status");
        if (Tab == "events")
        {
            Events = await EventListing.ReadAsync(this, database, EventsOfAccounts);
            return;
        }

        await using var session = await database.ReadAsync(Aborted);
        var all = await new LocalAccounts(session).ListAsync(Aborted);
        Awaiting = [.. all.Where(account => account.Status == AccountStatus.AwaitingAuthorization).Select(account => account.Name)];
        Rejectable = [.. all.Where(account => AccountTransitions.From(AccountStep.Reject).Contains(account.Status)).Select(account => account.Name)];
        Accounts = List.Of(
            all.Where(account => AccountStatus.IsRequest(account.Status) == (Tab == "requests")),
            account => [account.Name],
            account => List.Sort switch
            {
                "by" => account.CreatedBy,
                "smart" => account.SmartAccount,
                "virtual" => account.CloudVirtualAccount,
                "status" => StatusOf(account),
                _ => Names.Key(account.Name),
            });
    }

    /// <param name="Question">Asked before it is done; null when nothing is lost by it.</param>
    internal sealed record AccountAction(string Label, string Handler, string Step, bool IsDanger, string? Question);
}
