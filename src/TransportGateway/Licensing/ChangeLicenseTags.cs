using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Makes, renames and deletes the license tags of an account, and puts them on its licences.</summary>
/// <remarks>They are the whole account's: a role in one virtual account of it may see them, and change none.</remarks>
internal sealed class ChangeLicenseTags(Database database, TimeProvider clock)
{
    private const int MostAtOnce = 1000;
    private const int MostNamed = 20;

    public abstract record Outcome
    {
        /// <param name="Licenses">The names of those that have the tag now and did not before, or the other way round.</param>
        public sealed record Done(LicenseTagRow Tag, IReadOnlyList<string> Licenses) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        public sealed record NameTaken(string Reason) : Outcome;

        public sealed record NoSuchTag : Outcome;

        /// <summary>One of the licences is none of the account's, or its name is that of several.</summary>
        public sealed record NoSuchLicense(string Reason) : Outcome;

        public sealed record NotAllowed : Outcome;

        private Outcome() { }
    }

    public Task<Outcome> CreateAsync(Caller by, LocalAccountRow account, string name, CancellationToken cancellationToken) =>
        InAccountAsync(by, account, async (session, now) =>
        {
            var tags = new LicenseTags(session);
            if (await NameProblemAsync(tags, account, name, except: null, cancellationToken) is { } problem)
            {
                return problem;
            }

            var tag = new LicenseTagRow { Id = Ids.New(now), AccountId = account.Id, Name = name, CreatedBy = by.Name, CreatedAt = now };
            await tags.AddAsync(tag, cancellationToken);
            await LogAsync(session, EventKinds.LicenseTagCreated, by, account, $"License tag '{name}' was created.", [], now, cancellationToken);
            return new Outcome.Done(tag, []);
        }, cancellationToken);

    public Task<Outcome> RenameAsync(Caller by, LocalAccountRow account, string tag, string name, CancellationToken cancellationToken) =>
        WithTagAsync(by, account, tag, async (session, found, now) =>
        {
            var tags = new LicenseTags(session);
            if (await NameProblemAsync(tags, account, name, found.Id, cancellationToken) is { } problem)
            {
                return problem;
            }

            await tags.RenameAsync(found.Id, name, cancellationToken);
            await LogAsync(session, EventKinds.LicenseTagRenamed, by, account, $"License tag '{found.Name}' was renamed '{name}'.", [], now, cancellationToken);
            return new Outcome.Done(await tags.FindAsync(account.Id, found.Id, cancellationToken) ?? found, []);
        }, cancellationToken);

    /// <summary>The licences stay; they only lose the tag.</summary>
    public Task<Outcome> DeleteAsync(Caller by, LocalAccountRow account, string tag, CancellationToken cancellationToken) =>
        WithTagAsync(by, account, tag, async (session, found, now) =>
        {
            await new LicenseTags(session).DeleteAsync(found.Id, cancellationToken);
            await LogAsync(session, EventKinds.LicenseTagDeleted, by, account, $"License tag '{found.Name}' was deleted.", [], now, cancellationToken);
            return new Outcome.Done(found, []);
        }, cancellationToken);

    /// <param name="licenses">Their names as the licence table shows them, or their entitlement tags.</param>
    public Task<Outcome> AssignAsync(Caller by, LocalAccountRow account, string tag, IReadOnlyCollection<string> licenses, CancellationToken cancellationToken) =>
        MarkAsync(by, account, tag, licenses, isAssigned: true, cancellationToken);

    public Task<Outcome> TakeOffAsync(Caller by, LocalAccountRow account, string tag, IReadOnlyCollection<string> licenses, CancellationToken cancellationToken) =>
        MarkAsync(by, account, tag, licenses, isAssigned: false, cancellationToken);

    private Task<Outcome> MarkAsync(Caller by, LocalAccountRow account, string tag, IReadOnlyCollection<string> licenses, bool isAssigned, CancellationToken cancellationToken) =>
        WithTagAsync(by, account, tag, async (session, found, now) =>
        {
            if (licenses.Count is 0 or > MostAtOnce)
            {
                return new Outcome.Invalid($"Name at least one licence, and at most {MostAtOnce}.");
            }

            var (meant, unknown) = Choose(licenses, await NamesOfAsync(session, account, cancellationToken));
            if (unknown is not null)
            {
                return new Outcome.NoSuchLicense(unknown);
            }

            var tags = new LicenseTags(session);
            var changed = new List<(string EntitlementTag, string Name)>();
            foreach (var license in meant)
            {
                if (isAssigned ? await tags.AssignAsync(found.Id, license.EntitlementTag, cancellationToken) : await tags.TakeOffAsync(found.Id, license.EntitlementTag, cancellationToken))
                {
                    changed.Add(license);
                }
            }

            if (changed.Count > 0)
            {
                var what = string.Join("; ", changed.Take(MostNamed).Select(license => license.Name)) + (changed.Count > MostNamed ? " and more" : "");
                await LogAsync(
                    session,
                    isAssigned ? EventKinds.LicenseTagAssigned : EventKinds.LicenseTagTakenOff,
                    by,
                    account,
                    isAssigned ? $"License tag '{found.Name}' was assigned to: {what}." : $"License tag '{found.Name}' was taken off: {what}.",
                    changed.Select(license => license.EntitlementTag),
                    now,
                    cancellationToken);
            }

            return new Outcome.Done(found, [.. changed.Select(license => license.Name)]);
        }, cancellationToken);

    private Task<Outcome> WithTagAsync(
        Caller by, LocalAccountRow account, string tag, Func<DbSession, LicenseTagRow, DateTimeOffset, Task<Outcome>> work, CancellationToken cancellationToken) =>
        InAccountAsync(by, account, async (session, now) =>
            await new LicenseTags(session).FindAsync(account.Id, tag, cancellationToken) is { } found ? await work(session, found, now) : new Outcome.NoSuchTag(), cancellationToken);

    /// <remarks>The account's row is held, so that of two who want the same name one is told so.</remarks>
    private async Task<Outcome> InAccountAsync(
        Caller by, LocalAccountRow account, Func<DbSession, DateTimeOffset, Task<Outcome>> work, CancellationToken cancellationToken)
    {
        if (!by.MaySee(account.Id, null))
        {
            return new Outcome.NotAllowed();
        }

        await using var session = await database.BeginAsync(cancellationToken);
        await new LocalAccounts(session).HoldAsync(account.Id, cancellationToken);
        var outcome = await work(session, clock.GetUtcNow());
        if (outcome is Outcome.Done)
        {
            await session.CommitAsync();
        }

        return outcome;
    }

    private static async Task<Outcome?> NameProblemAsync(LicenseTags tags, LocalAccountRow account, string name, string? except, CancellationToken cancellationToken) =>
        Names.Problem("The name of the license tag", name) is { } problem ? new Outcome.Invalid(problem)
        : (await tags.ListAsync(account.Id, cancellationToken)).Any(other => other.Id != except && Names.Key(other.Name) == Names.Key(name))
            ? new Outcome.NameTaken($"There is a license tag '{name}' already; choose another name.")
            : null;

    /// <summary>Every licence that the account was granted, uses or has put a tag on, with its name.</summary>
    private static async Task<Dictionary<string, string>> NamesOfAsync(DbSession session, LocalAccountRow account, CancellationToken cancellationToken)
    {
        var facts = await new Entitlements(session).FactsAsync(account.Id, cancellationToken);
        var known = facts.Keys
            .Concat((await new LicensePools(session).ListOfAccountAsync(account.Id, cancellationToken)).Select(pool => pool.Tag))
            .Concat(await new RelayedUsages(session).TagsOfAccountAsync(account.Id, cancellationToken))
            .Concat((await new LicenseTags(session).AssignmentsAsync(account.Id, cancellationToken)).Select(assignment => assignment.EntitlementTag));
        return known.Distinct(StringComparer.Ordinal).ToDictionary(tag => tag, tag => Catalogue.NameOf(tag, facts).DisplayName, StringComparer.Ordinal);
    }

    private static (IReadOnlyList<(string EntitlementTag, string Name)> Meant, string? Unknown) Choose(IEnumerable<string> licenses, Dictionary<string, string> names)
    {
        var meant = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var license in licenses)
        {
            var found = names.TryGetValue(license, out var name) ? [KeyValuePair.Create(license, name)]
                : names.Where(entry => entry.Value.Equals(license, StringComparison.OrdinalIgnoreCase)).ToArray();
            if (found is not [var only])
            {
                return ([], found.Length == 0
                    ? $"The account has no licence '{license}'. The licence table names those that it has."
                    : $"Several licences are called '{license}'; give the entitlement tag of one: {string.Join(", ", found.Select(entry => entry.Key))}");
            }

            meant[only.Key] = only.Value;
        }

        return ([.. meant.OrderBy(entry => entry.Value, StringComparer.OrdinalIgnoreCase).Select(entry => (entry.Key, entry.Value))], null);
    }

    private static Task LogAsync(
        DbSession session, string kind, Caller by, LocalAccountRow account, string message, IEnumerable<string> licenses, DateTimeOffset now, CancellationToken cancellationToken) =>
        new EventLog(session).AppendAsync(new LoggedEvent(kind, Severity.Info, by.Name, message, account.Id) { Licenses = licenses }, now, cancellationToken);
}
