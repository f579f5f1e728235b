using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>How an account stands: open alerts, licences that are short, products that were not seen for long, the last synchronisation.</summary>
internal static class Digest
{
    public const int DaysUnseen = 30;
    private const string Kind = "digest";
    private const int MostLines = 50;

    public static async Task<Letter> WriteAsync(DbSession session, Letterhead head, LocalAccountRow account, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var texts = head.Texts;
        var virtualAccounts = await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken);
        var subject = texts["How the account '{0}' stands", account.Name];
        string[] lines =
        [
            subject,
            Letterhead.Time(now),
            .. await AlertsAsync(session, head, account, cancellationToken),
            .. await LicensesAsync(session, head, account, virtualAccounts, cancellationToken),
            .. await UnseenAsync(session, head, virtualAccounts, now, cancellationToken),
            .. await SynchronizationAsync(session, head, account, cancellationToken),
        ];
        return head.Write(Kind, subject, lines, texts["Who gets this mail and how often is set in the account's Preferences."]);
    }

    private static async Task<IEnumerable<string>> AlertsAsync(DbSession session, Letterhead head, LocalAccountRow account, CancellationToken cancellationToken)
    {
        var open = (await new Alerts(session).ListOpenAsync(account.Id, cancellationToken)).Where(alert => alert.Kind != Alerts.InsufficientLicenses)
            .Select(alert => $"{head.Texts[alert.Severity]}, {head.Texts[alert.Kind]}: {alert.Message}").ToArray();
        return Section(head, head.Texts["Open alerts, without licences: {0}", open.Length], open, open.Length);
    }

    private static async Task<IEnumerable<string>> LicensesAsync(
        DbSession session, Letterhead head, LocalAccountRow account, IEnumerable<VirtualAccountRow> virtualAccounts, CancellationToken cancellationToken)
    {
        var facts = await new Entitlements(session).FactsAsync(account.Id, cancellationToken);
        var shortages = new List<string>();
        foreach (var virtualAccount in virtualAccounts)
        {
            shortages.AddRange((await Compliance.SettleAsync(session, account.Id, virtualAccount.Id, cancellationToken)).Where(entry => !entry.Value.InCompliance)
                .Select(entry => (Catalogue.NameOf(entry.Key, facts).DisplayName, entry.Value)).OrderBy(entry => entry.DisplayName, StringComparer.OrdinalIgnoreCase)
                .Select(entry => head.Texts["{0} ({1}): purchased {2}, in use {3}, balance {4}", entry.DisplayName, virtualAccount.Name, entry.Value.Purchased, entry.Value.InUse, entry.Value.Balance]));
        }

        return Section(head, head.Texts["Licences that are short: {0}", shortages.Count], shortages, shortages.Count);
    }

    private static async Task<IEnumerable<string>> UnseenAsync(
        DbSession session, Letterhead head, IEnumerable<VirtualAccountRow> virtualAccounts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var total = 0L;
        foreach (var virtualAccount in virtualAccounts)
        {
            var (rows, count) = await new Inventory(session).UnseenAsync(virtualAccount.Id, now.AddDays(-DaysUnseen), MostLines, cancellationToken);
            lines.AddRange(rows.Select(row => head.Texts["{0} ({1}): last contact {2}", row.Name, virtualAccount.Name, Letterhead.Time(row.LastContactAt)]));
            total += count;
        }

        return Section(head, head.Texts["Products not seen for more than {0} days: {1}", DaysUnseen, total], lines, total);
    }

    private static async Task<IEnumerable<string>> SynchronizationAsync(DbSession session, Letterhead head, LocalAccountRow account, CancellationToken cancellationToken)
    {
        var texts = head.Texts;
        var title = texts["Synchronisation with Software Central"];
        if (await new Synchronizations(session).FindAsync(account.Id, cancellationToken) is not { } state)
        {
            return Section(head, title, [account.SmartAccount is null ? texts["This account is local: it never synchronises."] : texts["This account is not registered yet."]], 1);
        }

        var lines = new List<string> { state.LastSuccessAt is { } success ? texts["The last one that succeeded: {0}", Letterhead.Time(success)] : texts["None has succeeded yet."] };
        if (state.DueAt is { } due)
        {
            lines.Add(texts["Due: {0}", Letterhead.Time(due)]);
        }

        if (await new SynchronizationRuns(session).FindLastAsync(account.Id, cancellationToken) is { State: RunState.Failed } failed)
        {
            lines.Add(texts["The last one failed: {0}", failed.Cause]);
        }

        return Section(head, title, lines, lines.Count);
    }

    private static IEnumerable<string> Section(Letterhead head, string title, IReadOnlyCollection<string> lines, long total)
    {
        yield return "";
        yield return title;
        foreach (var line in lines.Take(MostLines))
        {
            yield return "  " + line;
        }

        if (total > Math.Min(lines.Count, MostLines))
        {
            yield return "  " + head.Texts["and {0} more", total - Math.Min(lines.Count, MostLines)];
        }
    }
}
