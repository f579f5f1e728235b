namespace TransportGateway.Accounts;

/// <summary>What a local account is in; stored as a word, shown in the words of SSM On-Prem.</summary>
internal static class AccountStatus
{
    /// <summary>Requested; an administrator has to approve or reject it.</summary>
    public const string Pending = "pending";

    /// <summary>Approved; Software Central has not authorised it yet.</summary>
    public const string AwaitingAuthorization = "awaiting-authorization";

    public const string Active = "active";

    /// <summary>Hands out no more work; products that are registered are served as before.</summary>
    public const string Inactive = "inactive";

    public const string Rejected = "rejected";

    /// <summary>Software Central refused it, or could not be asked.</summary>
    public const string Error = "error";

    /// <summary>True for what stands under Account Requests rather than under Accounts.</summary>
    public static bool IsRequest(string status) => status is Pending or Rejected;

    /// <param name="reason">Why it is rejected or in error; empty otherwise.</param>
    public static string Shown(string status, string reason = "") => status switch
    {
        Pending => "Pending",
        AwaitingAuthorization => "Awaiting authorisation file",
        Active => "Active",
        Inactive => "Inactive",
        Rejected => WithReason("Rejected", reason),
        Error => WithReason("Error", reason),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "There is no such status."),
    };

    /// <summary>What an administrator does to make the account active.</summary>
    public static string WayToActive(LocalAccountRow account) => account.Status switch
    {
        Pending => $"Approve it first: tgctl account approve '{account.Name}'",
        AwaitingAuthorization => "It becomes active when Software Central has authorised it.",
        Inactive => $"Activate it: tgctl account activate '{account.Name}'",
        Rejected => $"Ask for it again: tgctl account request '{account.Name}'",
        Error => $"Mend the cause and register it again: tgctl account register-again '{account.Name}'",
        _ => throw new InvalidOperationException($"An account that is {account.Status} needs no way."),
    };

    private static string WithReason(string word, string reason) => reason.Length == 0 ? word : $"{word}: {reason}";
}
