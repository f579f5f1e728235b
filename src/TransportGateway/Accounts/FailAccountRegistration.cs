using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>The account's registration with Software Central came to nothing, or is lost: it is in error, and the cause is shown.</summary>
internal static class FailAccountRegistration
{
    /// <summary>Works in its caller's transaction.</summary>
    public static Task<ChangeAccountStatus.Outcome> ExecuteAsync(
        DbSession session, LocalAccountRow account, string cause, string actor, DateTimeOffset now, CancellationToken cancellationToken) =>
        ChangeAccountStatus.ExecuteAsync(session, account, AccountStep.FailRegistration, cause, actor, now, cancellationToken);
}
