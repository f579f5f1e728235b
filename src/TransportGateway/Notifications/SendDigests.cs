using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>Writes to every account that wants it, daily or weekly, how it stands.</summary>
internal sealed class SendDigests(Database database, MasterKey masterKey, TimeProvider clock) : IJob
{
    public string Name => "digests";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        MailSettings settings;
        Letterhead head;
        IReadOnlyList<AccountPreferencesRow> due;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
            head = await Letterhead.LoadAsync(session, settings, cancellationToken);
            due = [.. (await new AccountPreferences(session).ListAsync(cancellationToken)).Where(row => row.NextDigestAt <= now)];
        }

        foreach (var row in due)
        {
            await SendAsync(row, settings, head, now, cancellationToken);
        }
    }

    /// <remarks>After a long rest of the gateway there is one digest, not one for every day of it; without a mail server there is none.</remarks>
    private async Task SendAsync(AccountPreferencesRow row, MailSettings settings, Letterhead head, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new AccountPreferences(session).NextDigestAsync(row, DigestRhythm.NextAfter(row.Digest, now)!.Value, cancellationToken))
        {
            return;
        }

        if (settings.Server is not null && await new LocalAccounts(session).FindAsync(row.AccountId, cancellationToken) is { } account)
        {
            var letter = await Digest.WriteAsync(session, head, account, now, cancellationToken);
            var source = Ids.New(now);
            foreach (var address in row.Addresses)
            {
                await new Mails(session).AddAsync(letter, source, address, now, cancellationToken);
            }
        }

        await session.CommitAsync();
    }
}
