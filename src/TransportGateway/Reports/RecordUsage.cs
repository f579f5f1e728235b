using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Reports;

/// <summary>Writes down, several times a day, what is used and purchased; forgets what is older than three years.</summary>
internal sealed class RecordUsage(ListLicenses licenses, Database database, TimeProvider clock) : IJob
{
    public const int DaysKept = 3 * 366;

    public string Name => "usage history";

    public TimeSpan Interval => TimeSpan.FromHours(3);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var day = new DateTimeOffset(clock.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        foreach (var account in await VirtualAccountsAsync(cancellationToken))
        {
            var now = await licenses.ExecuteAsync(account.AccountId, account.Id, cancellationToken);
            await using var session = await database.BeginAsync(cancellationToken);
            // Deleted meanwhile: there is nothing to write about.
            if (await new VirtualAccounts(session).FindAsync(account.Id, cancellationToken) is not null)
            {
                foreach (var license in now)
                {
                    await new UsageHistory(session).RecordAsync(account.Id, license.Tag, day, license.Balance.Purchased, license.Balance.InUse, cancellationToken);
                }

                await session.CommitAsync();
            }
        }

        await using var last = await database.BeginAsync(cancellationToken);
        await new UsageHistory(last).PurgeAsync(day.AddDays(-DaysKept), cancellationToken);
        await last.CommitAsync();
    }

    private async Task<IReadOnlyList<VirtualAccountRow>> VirtualAccountsAsync(CancellationToken cancellationToken)
    {
        var found = new List<VirtualAccountRow>();
        await using var session = await database.ReadAsync(cancellationToken);
        foreach (var account in await new LocalAccounts(session).ListAsync(cancellationToken))
        {
            found.AddRange(await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken));
        }

        return found;
    }
}
