using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>Changes the Host Common Name and the additional names: a new certificate is on its way, and accounts need a synchronisation.</summary>
internal sealed class ChangeHostName(Database database, KeepHostCertificate keep, HostNameLookup lookup, HostTlsOptions options, TimeProvider clock)
{
    /// <param name="AlternativeNames">Null keeps those that are set.</param>
    public sealed record Request(Caller By, string CommonName, IReadOnlyList<string>? AlternativeNames);

    public abstract record Outcome
    {
        /// <param name="State">How far the new certificate has come: <see cref="ChangeState"/>.</param>
        /// <param name="Warnings">What may keep products from using the new names; nothing of it is an error.</param>
        public sealed record Changed(HostIdentity Names, string State, IReadOnlyList<string> Marked, IReadOnlyList<Sentence> Warnings) : Outcome;

        /// <summary>These are the names already; nothing was done.</summary>
        public sealed record Unchanged(HostIdentity Names, IReadOnlyList<Sentence> Warnings) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var before = await CurrentAsync(cancellationToken);
        var (names, problem) = HostIdentity.Read(request.CommonName, request.AlternativeNames ?? before.AlternativeNames, options.DualStack);
        if (names is null)
        {
            return new Outcome.Invalid(problem + ".");
        }

        var warnings = await lookup.WarningsAsync(names.AllNames, cancellationToken);
        if (before.IsSameAs(names))
        {
            return new Outcome.Unchanged(names, warnings);
        }

        var now = clock.GetUtcNow();
        string id;
        IReadOnlyList<LocalAccountRow> marked;
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            var settings = new HostSettings(session);
            // Written first: of two administrators the second waits here, and his change then takes the place of the first one's.
            await settings.SetNamesAsync(names, request.By.Name, now, cancellationToken);
            var change = HostCertificateChange.For(
                names, await settings.FindIssuerAsync(cancellationToken), $"the Host Common Name was changed from {before.CommonName}", request.By.Name, now);
            id = change.Id;
            await new HostCertificateChanges(session).AddAsync(change, cancellationToken);
            marked = await SynchronizationNeed.MarkAllAsync(
                session, $"The Host Common Name was changed from '{before.CommonName}' to '{names.CommonName}'.", now, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(
                    EventKinds.HostNameChanged,
                    Severity.Info,
                    request.By.Name,
                    $"The names of the host certificate were changed from {before} to {names}; {marked.Count} account(s) need a synchronisation."),
                now,
                cancellationToken);
            await session.CommitAsync();
        }

        warnings = [.. await UncoveredAsync(names, cancellationToken), .. warnings];
        await keep.RunAsync(CancellationToken.None);
        await using var reading = await database.ReadAsync(CancellationToken.None);
        var state = (await new HostCertificateChanges(reading).FindAsync(id, CancellationToken.None))?.State ?? ChangeState.Requested;
        return new Outcome.Changed(names, state, [.. marked.Select(account => account.Name)], warnings);
    }

    private async Task<HostIdentity> CurrentAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await new HostSettings(session).FindNamesAsync(cancellationToken) ?? options.InitialNames;
    }

    /// <summary>Products that dialled a name which the new certificate leaves out will break off at their next contact.</summary>
    private async Task<IReadOnlyList<Sentence>> UncoveredAsync(HostIdentity names, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var left = await new DialledNameRows(session).CountByNameAsync(names.AllNames, cancellationToken);
        return [.. left.Select(entry => new Sentence(
            "{0} product(s) dial '{1}', which the new certificate does not cover. Change their URL, or add the name with --alternative-name {1}.", entry.Products, entry.Name))];
    }
}
