using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Software Central has authorised the account: it is active.</summary>
internal static class CompleteAccountRegistration
{
    /// <summary>Works in its caller's transaction.</summary>
    public static Task<ChangeAccountStatus.Outcome> ExecuteAsync(
        DbSession session, LocalAccountRow account, string actor, DateTimeOffset now, CancellationToken cancellationToken) =>
        ChangeAccountStatus.ExecuteAsync(session, account, AccountStep.CompleteRegistration, "", actor, now, cancellationToken);
}
