using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Lists what products sent, and shows one message whole with what it was answered.</summary>
/// <remarks>
/// A message can hold a registration token of the local virtual account that its product was in, or was registered in. So it takes the right to read
/// token texts there, and reading is entered in the event log. A stranger's may hold a token of anywhere: that is for those of the whole gateway.
/// </remarks>
internal sealed class ReadArchive(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <param name="Product">The name of the product instance; null for a stranger, and for one that was forgotten.</param>
    public sealed record Listed(ArchivedMessage Message, string? Product);

    public sealed record Whole(WholeMessage Message, string? Product);

    /// <summary>Messages that were answered as those of a product, as far as the caller may see them, the newest first.</summary>
    /// <param name="instanceId">Null for all products.</param>
    /// <param name="after">Only those behind this one; null from the start.</param>
    public async Task<IReadOnlyList<Listed>> ListAsync(Caller by, string? instanceId, ListPlace? after, int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var messages = await new AnsweredMessages(session, masterKey).ListAsync(instanceId, await VisibleAsync(session, by, cancellationToken), after, limit, cancellationToken);
        var ids = messages.Select(message => message.InstanceId).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        var names = (await new ProductInstances(session).FindManyAsync(ids, cancellationToken)).ToDictionary(instance => instance.Id, instance => instance.DisplayName, StringComparer.Ordinal);
        return [.. messages.Select(message => new Listed(message, message.InstanceId is { } id ? names.GetValueOrDefault(id) : null))];
    }

    /// <summary>Messages whose sender could not be proved, the newest first. The caller has to be one of the whole gateway.</summary>
    public async Task<IReadOnlyList<Listed>> ListRefusedAsync(ListPlace? after, int limit, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return [.. (await new RefusedMessages(session, masterKey).ListAsync(after, limit, cancellationToken)).Select(message => new Listed(message, null))];
    }

    /// <returns>Null when there is no such message, or the caller may not read it.</returns>
    public async Task<Whole?> ReadOneAsync(Caller by, string id, CancellationToken cancellationToken)
    {
        WholeMessage? message;
        VirtualAccountRow? home;
        InstanceRow? instance;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            message = await new AnsweredMessages(session, masterKey).ReadAsync(id, cancellationToken) ?? await new RefusedMessages(session, masterKey).ReadAsync(id, cancellationToken);
            home = message?.VirtualAccountId is { } there ? await new VirtualAccounts(session).FindAsync(there, cancellationToken) : null;
            instance = message?.InstanceId is { } sender ? await new ProductInstances(session).FindAsync(sender, cancellationToken) : null;
        }

        if (message is null || !(home is null ? by.For(Permission.ReadTokenText).IsForAllAccounts : by.May(Permission.ReadTokenText, home.AccountId, home.Id)))
        {
            return null;
        }

        await LogAsync(by, message, home, instance, cancellationToken);
        return new Whole(message, instance?.DisplayName);
    }

    private async Task LogAsync(Caller by, WholeMessage message, VirtualAccountRow? home, InstanceRow? instance, CancellationToken cancellationToken)
    {
        var of = instance is not null ? $"of {instance.DisplayName}" : $"from {message.Source}";
        await using var session = await database.BeginAsync(cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.ArchivedMessageRead, Severity.Info, by.Name, $"The archived message {message.Id} {of} was read.", home?.AccountId, message.InstanceId)
            { VirtualAccountId = home?.Id },
            clock.GetUtcNow(),
            cancellationToken);
        await session.CommitAsync();
    }

    /// <summary>The local virtual accounts that are the caller's business; null for those of the whole gateway.</summary>
    private static async Task<IReadOnlyCollection<string>?> VisibleAsync(DbSession session, Caller by, CancellationToken cancellationToken)
    {
        if (by.IsForAllAccounts)
        {
            return null;
        }

        var visible = new List<string>();
        foreach (var (accountId, virtualAccountId) in by.Scopes)
        {
            visible.AddRange(virtualAccountId is not null
                ? [virtualAccountId]
                : (await new VirtualAccounts(session).ListAsync(accountId!, cancellationToken)).Select(account => account.Id));
        }

        return visible;
    }
}
