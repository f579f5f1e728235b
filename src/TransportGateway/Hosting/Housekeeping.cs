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
    // A second's work at most, where a statement of PostgreSQL has thirty.
    private const int Portion = 5000;

    public string Name => "housekeeping";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var eventsBefore = now.AddDays(-settings.Number("event-days"));
        await ForgetAsync(session => AnsweredMessages.PurgeAsync(session, now.AddDays(-settings.Number("archive-days")), Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => AnsweredMessages.PurgeRefusedRegistrationsAsync(session, now.AddHours(-2), Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new EventLog(session).TrimRefusalsAsync(EventLog.MostRefusalsOfStrangers, Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new EventLog(session).PurgeAsync(eventsBefore, Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new Alerts(session).PurgeAsync(eventsBefore, Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new Mails(session).PurgeAsync(now.AddDays(-Mails.DaysKept), Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new ApiClients(session).PurgeTokensAsync(now, Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new IdempotentRequests(session).PurgeAsync(now - Idempotency.Kept, Portion, cancellationToken), cancellationToken);
        await ForgetAsync(session => new PasswordCodes(session).PurgeAsync(now, cancellationToken), cancellationToken);
        await ForgetAsync(
            async session =>
            {
                var rules = await AccessRules.LoadAsync(session, cancellationToken);
                return await new Sessions(session).PurgeAsync(now, now.AddMinutes(-rules.IdleMinutes), cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Portion by portion, each kept before the next: of a great backlog a run that is broken off has done a part, and nobody waits for long.</summary>
    private async Task ForgetAsync(Func<DbSession, Task<int>> portion, CancellationToken cancellationToken)
    {
        int forgotten;
        do
        {
            await using var session = await database.BeginAsync(cancellationToken);
            forgotten = await portion(session);
            await session.CommitAsync();
        }
        while (forgotten >= Portion);
    }
}

/// <summary>Renews the certificates of the gateway's own authority long before they end.</summary>
internal sealed class CertificateUpkeep(CertificateAuthority authority) : IJob
{
    public string Name => "certificate upkeep";

    public TimeSpan Interval => TimeSpan.FromHours(6);

    public Task RunAsync(CancellationToken cancellationToken) => authority.EnsureAsync(cancellationToken);
}
