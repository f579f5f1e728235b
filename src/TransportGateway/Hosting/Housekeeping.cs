using TransportGateway.Access;
using TransportGateway.Authority;
using TransportGateway.DeviceGateway;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Notifications;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>Forgets what is kept for a time only: messages, events, alerts that are over, mails, access tokens, sessions.</summary>
internal sealed class Housekeeping(Database database, GatewaySettings settings, TimeProvider clock) : IJob
{
    public string Name => "housekeeping";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        await AnsweredMessages.PurgeAsync(session, now.AddDays(-settings.Number("archive-days")), now.AddHours(-2), cancellationToken);
        await new EventLog(session).TrimRefusalsAsync(EventLog.MostRefusalsOfStrangers, cancellationToken);
        await new EventLog(session).PurgeAsync(now.AddDays(-settings.Number("event-days")), cancellationToken);
        await new Alerts(session).PurgeAsync(now.AddDays(-settings.Number("event-days")), cancellationToken);
        await new Mails(session).PurgeAsync(now.AddDays(-Mails.DaysKept), cancellationToken);
        await new ApiClients(session).PurgeTokensAsync(now, cancellationToken);
        await new IdempotentRequests(session).PurgeAsync(now - Idempotency.Kept, cancellationToken);
        await new PasswordCodes(session).PurgeAsync(now, cancellationToken);
        var rules = await AccessRules.LoadAsync(session, cancellationToken);
        await new Sessions(session).PurgeAsync(now, now.AddMinutes(-rules.IdleMinutes), cancellationToken);
        await session.CommitAsync();
    }
}

/// <summary>Renews the certificates of the gateway's own authority long before they end.</summary>
internal sealed class CertificateUpkeep(CertificateAuthority authority) : IJob
{
    public string Name => "certificate upkeep";

    public TimeSpan Interval => TimeSpan.FromHours(6);

    public Task RunAsync(CancellationToken cancellationToken) => authority.EnsureAsync(cancellationToken);
}
