namespace TransportGateway.Accounts;

/// <summary>What can be done with a local account that changes its status.</summary>
internal enum AccountStep
{
    Approve,
    Reject,
    RequestAgain,

    /// <summary>Software Central has authorised it.</summary>
    CompleteRegistration,

    /// <summary>Software Central refused it, could not be asked, or has not heard of it for too long.</summary>
    FailRegistration,

    Activate,
    Deactivate,

    /// <summary>It has to be authorised by Software Central once more.</summary>
    RegisterAgain,
}

/// <summary>From which statuses a step leads where. What is not in this table is refused.</summary>
internal static class AccountTransitions
{
    private static readonly Dictionary<AccountStep, (string[] From, string To)> Table = new()
    {
        [AccountStep.Approve] = ([AccountStatus.Pending], AccountStatus.AwaitingAuthorization),
        [AccountStep.Reject] = ([AccountStatus.Pending], AccountStatus.Rejected),
        [AccountStep.RequestAgain] = ([AccountStatus.Rejected], AccountStatus.Pending),
        // An active account can be authorised anew, as when its certificate is replaced.
        [AccountStep.CompleteRegistration] = ([AccountStatus.AwaitingAuthorization, AccountStatus.Error, AccountStatus.Active], AccountStatus.Active),
        [AccountStep.FailRegistration] = ([AccountStatus.AwaitingAuthorization, AccountStatus.Error, AccountStatus.Active], AccountStatus.Error),
        [AccountStep.Activate] = ([AccountStatus.Inactive], AccountStatus.Active),
        [AccountStep.Deactivate] = ([AccountStatus.Active], AccountStatus.Inactive),
        [AccountStep.RegisterAgain] = ([AccountStatus.Active, AccountStatus.Inactive, AccountStatus.Error], AccountStatus.AwaitingAuthorization),
    };

    public static IReadOnlyList<string> From(AccountStep step) => Table[step].From;

    public static string To(AccountStep step) => Table[step].To;

    /// <summary>Why the step is refused, in a sentence.</summary>
    public static string Refusal(AccountStep step, LocalAccountRow account) =>
        $"Local account '{account.Name}' cannot be {Done(step)}: it is {AccountStatus.Shown(account.Status)}, and only one that is {Or(From(step))} can be.";

    /// <summary>The step as what was done to the account.</summary>
    public static string Done(AccountStep step) => step switch
    {
        AccountStep.Approve => "approved",
        AccountStep.Reject => "rejected",
        AccountStep.RequestAgain => "requested again",
        AccountStep.CompleteRegistration => "registered with Software Central",
        AccountStep.FailRegistration => "put into error",
        AccountStep.Activate => "activated",
        AccountStep.Deactivate => "deactivated",
        AccountStep.RegisterAgain => "put up for another registration",
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "There is no such step."),
    };

    private static string Or(IReadOnlyList<string> statuses)
    {
        var shown = statuses.Select(status => AccountStatus.Shown(status)).ToArray();
        return shown.Length == 1 ? shown[0] : $"{string.Join(", ", shown[..^1])} or {shown[^1]}";
    }
}
