using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>Changes who issues the host certificate: the gateway itself, or Software Central at the next synchronisation.</summary>
internal sealed class ChangeCertificateIssuer(Database database, KeepHostCertificate keep, TimeProvider clock)
{
    public abstract record Outcome
    {
        /// <param name="Marked">Names of the accounts that have to synchronise for it.</param>
        public sealed record Changed(IReadOnlyList<string> Marked) : Outcome;

        public sealed record Unchanged : Outcome;

        public sealed record Invalid(Sentence Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, string issuer, CancellationToken cancellationToken)
    {
        if (issuer is not (CertificateIssuer.Own or CertificateIssuer.Central))
        {
            return new Outcome.Invalid(new Sentence("The issuer is 'own', the gateway's own authority, or 'central', Software Central."));
        }

        var now = clock.GetUtcNow();
        IReadOnlyList<LocalAccountRow> marked = [];
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            var settings = new HostSettings(session);
            if (await settings.FindIssuerAsync(cancellationToken) == issuer)
            {
                return new Outcome.Unchanged();
            }

            await settings.SetIssuerAsync(issuer, by.Name, now, cancellationToken);
            if (issuer == CertificateIssuer.Central)
            {
                marked = await SynchronizationNeed.MarkAllAsync(session, "Software Central is to issue the host certificate.", now, cancellationToken);
            }

            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.CertificateIssuerChanged, Severity.Info, by.Name, $"The issuer of the host certificate was changed to '{issuer}'."), now, cancellationToken);
            await session.CommitAsync();
        }

        await keep.RunAsync(CancellationToken.None);
        return new Outcome.Changed([.. marked.Select(account => account.Name)]);
    }
}
