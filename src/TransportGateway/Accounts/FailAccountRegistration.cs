using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

internal static class FailAccountRegistration
{
    public static async Task ExecuteAsync(DbSession session, LocalAccountRow account, string cause, string actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await new LocalAccounts(session).SetStatusAsync(account.Id, AccountStatus.Error, cause, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.AccountRegistrationFailed, Severity.Warning, actor, $"Local account '{account.Name}' could not be registered: {cause}", account.Id), now, cancellationToken);
    }
}
