using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

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
            // No wrong password, so it is not counted as one: while the directory is away, its people would lock themselves and block their addresses.
            throw new BusyException(new Sentence("The directory in which people's passwords are kept cannot be reached now. Try again later, or sign in as a user whose password the gateway keeps."), StatusCodes.Status503ServiceUnavailable, "directory-away");
        }
    }
}
