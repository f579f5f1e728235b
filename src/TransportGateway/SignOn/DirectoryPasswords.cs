using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.SignOn;

/// <summary>Asks the directory about people who have no password here.</summary>
internal sealed class DirectoryPasswords(LdapDirectory directory, AdmitPerson admit, Database database, MasterKey masterKey, TimeProvider clock) : IExternalPasswords
{
    public async Task<UserRow?> CheckAsync(string name, Secret password, CancellationToken cancellationToken)
    {
        DirectorySettings settings;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await DirectorySettings.LoadAsync(session, masterKey, cancellationToken);
        }

        if (settings.Address is null)
        {
            return null;
        }

        try
        {
            return await directory.FindAsync(settings, name, password, cancellationToken) is { } person
                ? await admit.ExecuteAsync(person, settings.Groups, cancellationToken)
                : null;
        }
        catch (DirectoryUnreachableException exception)
        {
            await using var session = await database.BeginAsync(cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.DirectoryUnreachable, Severity.Error, "gateway", "Nobody of the directory can sign in. " + exception.Message), clock.GetUtcNow(), cancellationToken);
            await session.CommitAsync();
            return null;
        }
    }
}
