using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>Says what an account is told by e-mail, and what Cisco is not told of its products (ssm-on-prem 2.5).</summary>
internal sealed class ChangePreferences(Database database, ChangeSynchronization changeSynchronization, TimeProvider clock)
{
    /// <summary>What is null stays as it is.</summary>
    /// <param name="Withhold">What Cisco is not told; the synchronisation's settings have it.</param>
    public sealed record Request(
        Caller By, LocalAccountRow Account, IReadOnlyList<string>? Emails = null, bool? AlertsAtOnce = null, string? Digest = null, IReadOnlyList<string>? Withhold = null);

    public abstract record Outcome
    {
        public sealed record Changed(Preferences Preferences) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        /// <summary>What is withheld can be said once the account is registered with Software Central.</summary>
        public sealed record NotRegistered(string Reason) : Outcome;

        /// <summary>The synchronisation's settings want a permission of their own.</summary>
        public sealed record NotAllowed(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Preferences> ReadAsync(LocalAccountRow account, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await Preferences.LoadAsync(session, account.Id, cancellationToken);
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var before = await ReadAsync(request.Account, cancellationToken);
        var now = clock.GetUtcNow();
        var digest = request.Digest ?? before.Digest;
        IReadOnlyList<string> emails = request.Emails is null ? before.Emails : [.. request.Emails.Distinct(StringComparer.OrdinalIgnoreCase)];
        var row = new AccountPreferencesRow
        {
            AccountId = request.Account.Id,
            Emails = string.Join('\n', emails),
            AlertsAtOnce = request.AlertsAtOnce ?? before.AlertsAtOnce,
            Digest = digest,
            NextDigestAt = digest == before.Digest ? before.NextDigestAt : DigestRhythm.NextAfter(digest, now),
        };
        if (Problems(row, emails) is { Count: > 0 } problems)
        {
            return new Outcome.Invalid(string.Join(' ', problems));
        }

        if (request.Withhold is not null && await WithholdAsync(request, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        await using (var session = await database.BeginAsync(cancellationToken))
        {
            await new AccountPreferences(session).SetAsync(row, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(
                    EventKinds.PreferencesChanged,
                    Severity.Info,
                    request.By.Name,
                    $"'{request.Account.Name}' tells {emails.Count} address(es): alerts at once {(row.AlertsAtOnce ? "yes" : "no")}, digest {row.Digest}.",
                    request.Account.Id),
                now,
                cancellationToken);
            await session.CommitAsync();
        }

        return new Outcome.Changed(await ReadAsync(request.Account, cancellationToken));
    }

    private static List<string> Problems(AccountPreferencesRow row, IReadOnlyList<string> emails)
    {
        var problems = new List<string>();
        MailSettings.CheckAddresses("emails", emails, problems);
        if (!DigestRhythm.All.Contains(row.Digest))
        {
            problems.Add($"digest: '{OneLine.Of(row.Digest)}' is none of {string.Join(", ", DigestRhythm.All)}.");
        }

        if (emails.Count == 0 && (row.AlertsAtOnce || row.Digest != DigestRhythm.None))
        {
            problems.Add("emails: give at least one address, or ask for no mails.");
        }

        return problems;
    }

    private async Task<Outcome?> WithholdAsync(Request request, CancellationToken cancellationToken) =>
        !request.By.May(Permission.Synchronize, request.Account.Id)
            ? new Outcome.NotAllowed($"withhold: it belongs to the synchronisation's settings, for which {request.By.Name} lacks the permission {Permission.Synchronize}.")
            : await changeSynchronization.ExecuteAsync(new ChangeSynchronization.Request(request.By, request.Account, null, FollowDefaultSchedule: false, request.Withhold), cancellationToken) switch
            {
                ChangeSynchronization.Outcome.Changed => null,
                ChangeSynchronization.Outcome.Invalid(var reason) => new Outcome.Invalid(reason.ToString()),
                ChangeSynchronization.Outcome.NotRegistered => new Outcome.NotRegistered($"withhold: '{request.Account.Name}' is not registered with Software Central yet."),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
}

/// <summary>An account's preferences as they are shown.</summary>
/// <param name="IsRegistered">Whether it synchronises with Software Central, so that it can withhold something.</param>
internal sealed record Preferences(
    IReadOnlyList<string> Emails, bool AlertsAtOnce, string Digest, DateTimeOffset? NextDigestAt, IReadOnlyList<string> Withheld, bool IsRegistered)
{
    public static async Task<Preferences> LoadAsync(DbSession session, string accountId, CancellationToken cancellationToken)
    {
        var row = await new AccountPreferences(session).FindAsync(accountId, cancellationToken) ?? new AccountPreferencesRow { AccountId = accountId };
        var synchronization = await new Synchronizations(session).FindAsync(accountId, cancellationToken);
        return new Preferences(
            row.Addresses, row.AlertsAtOnce, row.Digest, row.NextDigestAt, synchronization?.Withheld.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], synchronization is not null);
    }
}
