using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>Tells the administrators of requests for local accounts, and those who asked what became of theirs (ssm-on-prem 1.4).</summary>
internal sealed class TellAccountRequests(Database database, MasterKey masterKey, TimeProvider clock) : IJob
{
    /// <summary>How it is called among those who follow the event log.</summary>
    public const string Follower = "account-notices";

    private const int MostAtOnce = 200;

    private readonly EventFollower _events = new(
        Follower,
        [EventKinds.AccountRequested, EventKinds.AccountApproved, EventKinds.AccountRejected, EventKinds.AccountRegistered, EventKinds.AccountRegistrationFailed]);

    public string Name => "account notices";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        MailSettings settings;
        EventFollower.Batch batch;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
            batch = await _events.NextAsync(session, MostAtOnce, now, cancellationToken);
        }

        if (settings.Server is null || batch.Entries.Count == 0)
        {
            return;
        }

        await using (var session = await database.BeginAsync(cancellationToken))
        {
            var head = await Letterhead.LoadAsync(session, settings, cancellationToken);
            foreach (var entry in batch.Entries)
            {
                if (await new LocalAccounts(session).FindAsync(entry.AccountId!, cancellationToken) is { } account)
                {
                    await TellAsync(session, settings, head, entry, account, now, cancellationToken);
                }
            }

            await new EventFollowers(session).DoneAsync(Follower, batch.DoneBefore, now, cancellationToken);
            await session.CommitAsync();
        }

        _events.Done(batch);
    }

    private static async Task TellAsync(DbSession session, MailSettings settings, Letterhead head, EventRow entry, LocalAccountRow account, DateTimeOffset now, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> recipients = entry.Kind == EventKinds.AccountRequested ? settings.Recipients : account.NotificationEmail is { } email ? [email] : [];
        var letter = Write(head, entry, account);
        foreach (var recipient in recipients)
        {
            // The event is the source, so that nobody is told twice when entries come by once more.
            await new Mails(session).AddAsync(letter, entry.Id, recipient, now, cancellationToken);
        }
    }

    private static Letter Write(Letterhead head, EventRow entry, LocalAccountRow account)
    {
        var texts = head.Texts;
        var (subject, next) = entry.Kind switch
        {
            EventKinds.AccountRequested => (
                texts["Local account '{0}' was requested by {1}", account.Name, entry.Actor],
                texts["Approve or reject it under Administration, Accounts, Account Requests."]),
            EventKinds.AccountApproved => (
                texts["Your request for the local account '{0}' was approved", account.Name],
                texts["It becomes active when Software Central has authorised it."]),
            EventKinds.AccountRejected => (
                texts["Your request for the local account '{0}' was rejected", account.Name],
                texts["It can be requested again."]),
            EventKinds.AccountRegistered => (
                texts["The local account '{0}' is registered with Software Central", account.Name],
                texts["Products can register to it."]),
            _ => (
                texts["The local account '{0}' could not be registered with Software Central", account.Name],
                texts["An administrator has to mend the cause and register it again."]),
        };
        var lines = new List<string>
        {
            subject,
            "",
            texts["Cisco Smart Account: {0}", account.SmartAccount],
            texts["Cisco Virtual Account: {0}", account.CloudVirtualAccount],
            texts["Time: {0}", Letterhead.Time(entry.OccurredAt)],
        };
        if (entry.Kind is EventKinds.AccountRejected or EventKinds.AccountRegistrationFailed && account.StatusReason.Length > 0)
        {
            lines.Add(texts["Reason: {0}", account.StatusReason]);
        }

        return head.Write(
            entry.Kind,
            subject,
            [.. lines, "", next],
            entry.Kind == EventKinds.AccountRequested ? texts["Who is told of requests is set under Settings, E-mail."] : texts["This address was given with the request for the account."]);
    }
}
