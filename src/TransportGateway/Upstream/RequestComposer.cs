using System.Net;
using TransportGateway.Accounts;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;
using TransportGateway.Registration;

namespace TransportGateway.Upstream;

/// <summary>Writes a synchronisation request part by part, never more than one part's records in memory.</summary>
internal sealed class RequestComposer(Database database, CertificateRequests certificateRequests, ExchangeKeys keys, TimeProvider clock)
{
    /// <summary>Records in a part: few enough that products hardly wait for the transaction that reads them.</summary>
    public const int RecordsInPart = 500;

    /// <summary>Writes the next part and keeps in the run what is needed to go on behind it; null when another got there first.</summary>
    /// <param name="keepBytes">Whether the part stays in the run until it arrived: online, not in a file.</param>
    public async Task<byte[]?> NextAsync(RunRow run, bool keepBytes, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (part, identity) = await ReadAsync(run, now, cancellationToken);
        var (certificate, chain) = keys.Open(identity);
        byte[] der;
        using (certificate)
        {
            der = ExchangeEnvelope.Seal(part, certificate, chain);
        }

        await using var session = await database.BeginAsync(cancellationToken);
        var last = part.ProductInstances.Where(record => record.VirtualAccount is not null).Select(record => record.Id).LastOrDefault(run.SentUpTo);
        if (!await new SynchronizationRuns(session).AddPartAsync(
            run, last, ExchangeEnvelope.Hash(der), keepBytes ? der : null, part.ProductInstances.Count, der.Length, part.Last, cancellationToken))
        {
            return null;
        }

        await session.CommitAsync();
        return der;
    }

    /// <remarks>A write transaction: what is read here counts as sent from now on, at the revision that is read.</remarks>
    private async Task<(SynchronizationRequestPart Part, ExchangeIdentityRow Identity)> ReadAsync(RunRow run, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var account = await new LocalAccounts(session).FindAsync(run.AccountId, cancellationToken)
            ?? throw new InvalidOperationException("The account of an open synchronisation is gone.");
        var identity = await new ExchangeIdentities(session).FindAsync(run.AccountId, ExchangeIdentityState.Current, cancellationToken)
            ?? throw new CentralUnavailableException("The account has no certificate of Software Central. Register it again.");
        var withheld = Withheld.Parse((await new Synchronizations(session).FindAsync(run.AccountId, cancellationToken))!.Withheld);
        var records = new List<ProductInstanceRecord>();
        if (run.Parts == 0)
        {
            records.AddRange((await new InstanceDepartures(session).TakeForReportAsync(run.AccountId, RecordsInPart, cancellationToken)).Select(Describe));
        }

        var instances = await new ProductInstances(session).TakeForReportAsync(
            run.AccountId, run.SentUpTo, run.Mode == RunMode.Full, RecordsInPart, cancellationToken);
        var usage = await new LicensePools(session).UsageOfAsync([.. instances.Select(instance => instance.Id)], cancellationToken);
        records.AddRange(instances.Select(instance => Describe(instance, usage[instance.Id], withheld)));
        var last = instances.Count < RecordsInPart;
        var part = new SynchronizationRequestPart
        {
            Kind = ExchangeFormat.SynchronizationRequest,
            Account = run.AccountId,
            Run = run.Id,
            Sequence = run.Sequence,
            Part = (int)run.Parts,
            Last = last,
            Previous = run.LastPartHash,
            CreatedAt = now,
            ProductInstances = records,
            Counts = last ? new RequestCounts(run.InstancesSent + records.Count) : null,
        };
        if (run.Parts == 0)
        {
            part = part with
            {
                Mode = run.Mode,
                AccountFacts = new AccountFacts(
                    await GatewayIdentity.IdAsync(session, now, cancellationToken),
                    account.Name,
                    [.. (await new VirtualAccounts(session).ListAsync(run.AccountId, cancellationToken))
                        .Select(found => new VirtualAccountRecord(found.Id, found.Name, found.IsDefault))]),
                Usage = [.. (await new LicensePools(session).ListOfAccountAsync(run.AccountId, cancellationToken))
                    .Select(pool => new UsageRecord(pool.VirtualAccountId, pool.Tag, pool.InUse, pool.Purchased))],
                CertificateRequests = await certificateRequests.ListAsync(session, identity, now, cancellationToken),
            };
        }

        await session.CommitAsync();
        return (part, identity);
    }

    /// <summary>An instance that went to another account is, for this one, removed.</summary>
    private static ProductInstanceRecord Describe(DepartureRow departure) => new()
    {
        Id = departure.InstanceId,
        Revision = departure.Revision,
        State = InstanceState.Removed,
        EndedAt = departure.DepartedAt,
        Usage = [],
    };

    private static ProductInstanceRecord Describe(InstanceRow instance, IEnumerable<(string Tag, long Quantity)> usage, Withheld withheld) => new()
    {
        Id = instance.Id,
        Revision = instance.Revision,
        State = instance.State,
        VirtualAccount = instance.VirtualAccountId,
        ProductType = instance.ProductType,
        SoftwareTag = instance.SoftwareTag,
        UdiPid = instance.UdiPid,
        UdiSerialNumber = withheld.SerialNumber ? null : instance.UdiSerialNumber,
        UdiVid = instance.UdiVid,
        Uuid = instance.Uuid,
        HostIdentifier = withheld.HostName || (withheld.Address && IsAddress(instance.HostIdentifier)) ? null : instance.HostIdentifier,
        MacAddress = withheld.MacAddress ? null : instance.MacAddress,
        HostName = withheld.HostName || (withheld.Address && IsAddress(instance.HostName)) ? null : instance.HostName,
        ExportControlled = instance.ExportControlled,
        RegisteredAt = instance.RegisteredAt,
        LastContactAt = instance.LastContactAt,
        EndedAt = instance.EndedAt,
        AuthorizationStatus = instance.AuthorizationStatus,
        Usage = [.. usage.Select(entry => new TagQuantity(entry.Tag, entry.Quantity))],
    };

    private static bool IsAddress(string? text) => IPAddress.TryParse(text, out _);
}

/// <summary>What an account does not tell Software Central of its products.</summary>
internal sealed record Withheld(bool HostName, bool Address, bool MacAddress, bool SerialNumber)
{
    public static IReadOnlyList<string> Words { get; } = ["host-name", "ip-address", "mac-address", "serial-number"];

    public static Withheld Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new Withheld(words.Contains(Words[0]), words.Contains(Words[1]), words.Contains(Words[2]), words.Contains(Words[3]));
    }
}
