using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

internal static class CompleteAccountRegistration
{
    public static async Task ExecuteAsync(DbSession session, LocalAccountRow account, string actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await new LocalAccounts(session).SetStatusAsync(account.Id, AccountStatus.Active, "", cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.AccountRegistered, Severity.Info, actor, $"Local account '{account.Name}' was registered with Software Central.", account.Id), now, cancellationToken);
    }
}
