using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Upstream;
using TransportGateway.Webhooks;

namespace TransportGateway.Notifications;

/// <summary>Writes to whoever wants to know of alerts and of synchronisations that failed: what came at the same time, in one mail.</summary>
internal sealed class MailNews(MasterKey masterKey) : INewsListener
{
    private const string Kind = "alerts";

    public async Task HearAsync(DbSession session, News news, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var settings = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
        if (settings.Server is null)
        {
            return;
        }

        var head = await Letterhead.LoadAsync(session, settings, cancellationToken);
        var items = new List<Item>();
        foreach (var alert in news.Alerts)
        {
            items.Add(await OfAsync(session, alert, news, head, cancellationToken));
        }

        items.AddRange(news.Runs.Where(run => IsWorthAMail(run, news)).Select(run => Of(run, news, head)));
        var source = Ids.New(now);
        foreach (var (recipient, theirs) in await ByRecipientAsync(session, settings, items, cancellationToken))
        {
            var letter = head.Write(
                Kind,
                theirs.Count == 1 ? theirs[0].Title : head.Texts["{0} alerts", theirs.Count],
                theirs.SelectMany(item => item.Lines.Prepend(item.Title).Append("")),
                head.Texts["Who is told of alerts is set under Settings, E-mail, and in the Preferences of each account."]);
            await new Mails(session).AddAsync(letter, source, recipient, now, cancellationToken);
        }
    }

    /// <remarks>The first failure raises an alert, which says why. While that is open, retries by the clock are no news; somebody's own attempt is.</remarks>
    private static bool IsWorthAMail(RunRow run, News news) =>
        run.State == RunState.Failed
        && run.StartedBy != SynchronizationJob.Scheduler
        && !news.Alerts.Any(alert => alert.AccountId == run.AccountId && alert.Kind == SynchronizationAlerts.Failed);

    private static Item Of(RunRow run, News news, Letterhead head)
    {
        var account = news.Accounts.GetValueOrDefault(run.AccountId, "");
        return new Item(run.AccountId, IsMajor: true, head.Texts["The synchronisation of '{0}' failed", account], [head.Texts["Started by {0} at {1}", run.StartedBy, Letterhead.Time(run.StartedAt)], run.Cause]);
    }

    private static async Task<Item> OfAsync(DbSession session, UntoldAlert alert, News news, Letterhead head, CancellationToken cancellationToken)
    {
        var texts = head.Texts;
        var about = alert.Kind == Alerts.InsufficientLicenses
            ? Catalogue.NameOf(alert.Source, await new Entitlements(session).FactsAsync(alert.AccountId, cancellationToken)).DisplayName
            : alert.Source;
        var what = about.Length == 0 ? texts[alert.Kind] : $"{texts[alert.Kind]}: {about}";
        var lines = new List<string>();
        if (news.Accounts.TryGetValue(alert.AccountId, out var account))
        {
            var part = alert.VirtualAccountId.Length == 0 ? null : (await new VirtualAccounts(session).ListAsync(alert.AccountId, cancellationToken)).FirstOrDefault(entry => entry.Id == alert.VirtualAccountId);
            lines.Add(part is null ? texts["Account: {0}", account] : texts["Account: {0}, local virtual account: {1}", account, part.Name]);
        }

        lines.Add(texts["Severity: {0}", texts[alert.Severity]]);
        lines.Add(alert.ClearedAt is { } cleared
            ? texts["From {0} to {1}", Letterhead.Time(alert.RaisedAt), Letterhead.Time(cleared)]
            : texts["Since {0}", Letterhead.Time(alert.RaisedAt)]);
        if (alert.Message.Length > 0)
        {
            lines.Add(alert.Message);
        }

        return new Item(
            alert.AccountId,
            alert.Severity == AlertSeverity.Major,
            alert.ClearedAt is null ? texts["Alert: {0}", what] : texts["Alert is over: {0}", what],
            lines);
    }

    private static async Task<Dictionary<string, List<Item>>> ByRecipientAsync(DbSession session, MailSettings settings, IReadOnlyList<Item> items, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, List<Item>>(StringComparer.OrdinalIgnoreCase);
        var preferences = (await new AccountPreferences(session).ListAsync(cancellationToken)).Where(row => row.AlertsAtOnce).ToDictionary(row => row.AccountId, row => row.Addresses, StringComparer.Ordinal);
        foreach (var item in items)
        {
            IEnumerable<string> recipients = item.IsMajor || settings.AllAlerts ? settings.Recipients : [];
            foreach (var recipient in recipients.Concat(preferences.GetValueOrDefault(item.AccountId) ?? []).Distinct(StringComparer.OrdinalIgnoreCase))
            {
                if (!found.TryGetValue(recipient, out var theirs))
                {
                    found[recipient] = theirs = [];
                }

                theirs.Add(item);
            }
        }

        return found;
    }

    private sealed record Item(string AccountId, bool IsMajor, string Title, IReadOnlyList<string> Lines);
}
