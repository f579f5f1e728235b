using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.Upstream;

/// <summary>Brings the inventory up to date with a relayed message and the answer that its upstream gave to it.</summary>
/// <remarks>
/// Only what an upstream agreed to is recorded: it has verified the sender, which nobody here can. Any message of a product is enough to bring it
/// into the inventory, so a gap closes by itself.
/// </remarks>
internal sealed class RecordRelayed(Database database, RequestTypeNames types, ProductTypes productTypes, TimeProvider clock)
{
    /// <param name="Payload">The licensing message that was relayed.</param>
    /// <param name="AccountId">The local account that the product is filed under, unless one stands for the virtual account that the answer names.</param>
    public sealed record Request(
        MessageIdentity Identity, ReadOnlyMemory<byte> Payload, ResponseFacts Facts, Uri Upstream, string AccountId, string Source);

    /// <summary>The product as it is recorded now; null when nothing says which one it is, it said good-bye, or there is no account to file it under.</summary>
    public async Task<InstanceRow?> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if ((request.Facts.ProductInstanceIdentifier ?? request.Identity.ProductInstanceIdentifier) is not { Length: > 0 } id)
        {
            return null;
        }

        var now = clock.GetUtcNow();
        var message = (SmartMessageReader.Read(request.Payload.Span, types) as ParsedMessage.Readable)?.Message;
        await using var session = await database.BeginAsync(cancellationToken);
        var instances = new RelayedInstances(session);
        var before = await instances.FindAsync(id, cancellationToken);
        if (message?.Body is DeregistrationBody)
        {
            if (before is not null && await instances.EndAsync(id, now, cancellationToken))
            {
                await TellAsync(session, EventKinds.RelayedInstanceEnded, before, $"{before.DisplayName} deregistered at {request.Upstream}.", now, cancellationToken);
                await session.CommitAsync();
            }

            return null;
        }

        if (await FindHomeAsync(session, request, before, cancellationToken) is not { } home)
        {
            return null;
        }

        var after = Describe(id, before, home, request, message, now);
        if (before is null ? !await instances.AddAsync(after, cancellationToken) : !await instances.UpdateAsync(after, cancellationToken))
        {
            return before;
        }

        if (message?.Body is AuthorizationBody authorization)
        {
            await new RelayedUsages(session).ReplaceAsync(id, Usages(authorization, request.Facts), cancellationToken);
        }

        if (before is null or { State: not InstanceState.Registered } || message?.Body is RegistrationBody)
        {
            await instances.EndOthersAsync(after.UdiKey, id, now, cancellationToken);
            await TellAsync(
                session, EventKinds.RelayedInstanceSeen, after, $"{after.DisplayName}, which is registered at {request.Upstream}, is relayed (from {request.Source}).", now, cancellationToken);
        }

        await session.CommitAsync();
        return after;
    }

    /// <summary>By the names in the answer, else where it was, else in the account that is set; null when there is no account at all.</summary>
    private static async Task<(string Id, string AccountId, string Name)?> FindHomeAsync(DbSession session, Request request, InstanceRow? before, CancellationToken cancellationToken)
    {
        var named = request.Facts is { SmartAccount: { } smart, VirtualAccount: { } cloud }
            ? await new LocalAccounts(session).FindByCloudAsync(smart, cloud, cancellationToken) : null;
        if (before is not null && (named is null || named.Id == before.AccountId))
        {
            return (before.VirtualAccountId, before.AccountId, before.VirtualAccountName);
        }

        if ((named?.Id ?? await FilingAccountAsync(session, request.AccountId, cancellationToken)) is not { } accountId)
        {
            return null;
        }

        var home = (await new VirtualAccounts(session).ListAsync(accountId, cancellationToken)).Single(account => account.IsDefault);
        return (home.Id, accountId, home.Name);
    }

    /// <summary>The one that is set; the first there is when that was deleted.</summary>
    private static async Task<string?> FilingAccountAsync(DbSession session, string wanted, CancellationToken cancellationToken)
    {
        var accounts = await new LocalAccounts(session).ListAsync(cancellationToken);
        return (accounts.FirstOrDefault(account => account.Id == wanted) ?? (accounts.Count > 0 ? accounts[0] : null))?.Id;
    }

    /// <summary>What the message says, and for what it does not say, what was known.</summary>
    private InstanceRow Describe(
        string id, InstanceRow? before, (string Id, string AccountId, string Name) home, Request request, DeviceMessage? message, DateTimeOffset now)
    {
        var sudi = message?.DataSudi ?? message?.Header.Sudi;
        var registration = message?.Body as RegistrationBody;
        var authorizes = message?.Body is AuthorizationBody;
        return new InstanceRow
        {
            Id = id,
            VirtualAccountId = home.Id,
            UdiKey = InstanceRow.KeyOf(sudi?.Pid, sudi?.SerialNumber, sudi?.Uuid) ?? before?.UdiKey ?? "",
            UdiPid = sudi?.Pid ?? before?.UdiPid,
            UdiSerialNumber = sudi?.SerialNumber ?? before?.UdiSerialNumber,
            UdiVid = sudi?.Vid ?? before?.UdiVid,
            Uuid = sudi?.Uuid ?? before?.Uuid,
            Suvi = sudi?.Suvi ?? before?.Suvi,
            HostIdentifier = sudi?.HostIdentifier ?? before?.HostIdentifier,
            MacAddress = sudi?.MacAddress ?? before?.MacAddress,
            // A registration that leaves the host name out hides it.
            HostName = registration is not null ? registration.HostName : before?.HostName,
            SoftwareTag = registration?.SoftwareTag ?? before?.SoftwareTag ?? "",
            ProductType = registration is not null ? productTypes.Of(registration.SoftwareTag) : before?.ProductType ?? "",
            AgentVersion = registration?.AgentVersion ?? before?.AgentVersion,
            ExportControlled = registration is not null ? request.Facts.ExportControlAllowed : before?.ExportControlled ?? false,
            RegisteredAt = registration is not null ? now : before?.RegisteredAt ?? now,
            LastContactAt = now,
            AuthorizationStatus = authorizes ? request.Facts.OverallStatus : before?.AuthorizationStatus,
            AuthorizedAt = authorizes ? now : before?.AuthorizedAt,
            AccountId = home.AccountId,
            VirtualAccountName = home.Name,
            RelayedTo = request.Upstream.AbsoluteUri,
            SmartAccount = request.Facts.SmartAccount ?? before?.SmartAccount,
            CloudVirtualAccount = request.Facts.VirtualAccount ?? before?.CloudVirtualAccount,
        };
    }

    /// <summary>What the product asked for, with the word that the upstream has for each.</summary>
    private static RelayedUsage[] Usages(AuthorizationBody authorization, ResponseFacts facts)
    {
        var words = (facts.Entitlements ?? []).GroupBy(fact => fact.Tag, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Status, StringComparer.Ordinal);
        return [.. authorization.Entitlements
            .Where(entitlement => entitlement.Count > 0)
            .Select(entitlement => new RelayedUsage { Tag = entitlement.Tag, Quantity = entitlement.Count, Status = words.GetValueOrDefault(entitlement.Tag) ?? "" })];
    }

    private static Task TellAsync(DbSession session, string kind, InstanceRow instance, string message, DateTimeOffset now, CancellationToken cancellationToken) =>
        new EventLog(session).AppendAsync(new LoggedEvent(kind, Severity.Info, instance.DisplayName, message, instance.AccountId, instance.Id) { VirtualAccountId = instance.VirtualAccountId }, now, cancellationToken);
}
