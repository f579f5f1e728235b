using System.Collections.Concurrent;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>Remembers which host name each product dials, and raises an alert where the certificate does not cover it.</summary>
/// <remarks>
/// For a message it is one look into a dictionary; only a new value is written, by the job and outside the product's transaction.
/// Products prove who they are, addresses do not: of those a bounded number is kept, and only while they dial an uncovered name.
/// </remarks>
internal sealed class DialledNames(Database database, HostCertificate certificate, TimeProvider clock) : IJob, IDisposable
{
    public const string Mismatch = "Host Name Mismatch";
    public const int MostAddresses = 200;

    private const int MostRemembered = 100_000;
    private const int MostWaiting = 10_000;
    private const int MostPerTransaction = 500;
    private const int MostAlertsAtOnce = 1000;

    private static readonly TimeSpan AddressesKept = TimeSpan.FromDays(1);
    private static readonly TimeSpan AddressesTouched = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, (string Dialled, string AccountId)> _products = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (string Name, DateTimeOffset At)> _addresses = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DialledName> _waiting = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _one = new(1, 1);
    private string? _comparedWith;
    private DateTimeOffset _forgot;

    public string Name => "dialled names";

    public TimeSpan Interval => TimeSpan.FromSeconds(3);

    public void Dispose() => _one.Dispose();

    /// <summary>Notes what a product dialled that has proved who it is.</summary>
    /// <param name="tlsName">The name in the handshake; null or empty when there was none.</param>
    public void NoteProduct(string instanceId, string accountId, string product, string address, string? tlsName, string hostHeader)
    {
        var dialled = tlsName is { Length: > 0 } ? tlsName : hostHeader;

        // Its address may be known for dialling another name before: it is this product that has been set right.
        if (!_addresses.IsEmpty && certificate.Covers(dialled) && _addresses.TryRemove(address, out _))
        {
            Put(address, null, address, dialled, tlsName, hostHeader);
        }

        if ((_products.TryGetValue(instanceId, out var known) && known.Dialled == dialled && known.AccountId == accountId)
            || Effective(tlsName, hostHeader) is not { } name || !Put(instanceId, accountId, product, name, tlsName, hostHeader))
        {
            return;
        }

        if (_products.Count >= MostRemembered)
        {
            _products.Clear();
        }

        // Nearly all dial the same name; they share its one text.
        _products[instanceId] = (certificate.Names.TryGetValue(dialled, out var shared) && shared == dialled ? shared : dialled, accountId);
    }

    /// <summary>Notes an uncovered name that somebody dialled who has not proved to be a product: the handshake broke off, or the message was refused.</summary>
    public void NoteAddress(string address, string? tlsName, string hostHeader)
    {
        var now = clock.GetUtcNow();
        if (Effective(tlsName, hostHeader) is not { } name || certificate.Covers(name)
            || (_addresses.TryGetValue(address, out var known) ? known.Name == name && now - known.At < AddressesTouched : _addresses.Count >= MostAddresses))
        {
            return;
        }

        if (Put(address, null, address, name, tlsName, hostHeader))
        {
            _addresses[address] = (name, now);
        }
    }

    /// <summary>Writes what is new, and brings the alerts in line with it and with the certificate.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await RunAloneAsync(cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task RunAloneAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (now - _forgot >= AddressesTouched)
        {
            await ForgetAddressesAsync(now, cancellationToken);
            _forgot = now;
        }

        while (!_waiting.IsEmpty)
        {
            await WriteAsync([.. _waiting.Values.Take(MostPerTransaction)], now, cancellationToken);
        }

        if (_comparedWith != certificate.Id)
        {
            var id = certificate.Id;
            await CompareAllAsync(now, cancellationToken);
            _comparedWith = id;
        }
    }

    /// <summary>What the client compared the certificate with; null when it is no host name at all.</summary>
    private static string? Effective(string? tlsName, string hostHeader) =>
        HostNames.Read((tlsName is { Length: > 0 } ? tlsName : hostHeader).Trim('[', ']').TrimEnd('.')).Canonical;

    private bool Put(string source, string? accountId, string product, string name, string? tlsName, string hostHeader)
    {
        if (_waiting.Count >= MostWaiting && !_waiting.ContainsKey(source))
        {
            return false;
        }

        _waiting[source] = new DialledName
        {
            Source = source,
            AccountId = accountId,
            Product = product,
            Name = name,
            TlsName = tlsName is { Length: > 0 } && HostNames.Problem(tlsName) is null ? tlsName : "",
            HostHeader = hostHeader.Length <= 255 && !hostHeader.Any(char.IsControl) ? hostHeader : "",
            DialledAt = clock.GetUtcNow(),
        };
        return true;
    }

    private async Task WriteAsync(IReadOnlyList<DialledName> batch, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            var rows = new DialledNameRows(session);
            var alerts = new Alerts(session);
            var open = (await alerts.ListOpenOfKindAsync(Mismatch, cancellationToken)).ToLookup(alert => alert.Source);
            foreach (var dialled in batch)
            {
                var covered = certificate.Covers(dialled.Name);
                if (covered && dialled.AccountId is null)
                {
                    await rows.ForgetAsync(dialled.Source, cancellationToken);
                }
                else if (!await rows.PutAsync(dialled, cancellationToken))
                {
                    continue;
                }

                foreach (var alert in open[dialled.Source].Where(alert => covered || alert.AccountId != (dialled.AccountId ?? "")))
                {
                    await alerts.ClearAsync(new AlertSubject(alert.AccountId, alert.VirtualAccountId, Mismatch, alert.Source), now, cancellationToken);
                }

                if (!covered)
                {
                    await RaiseAsync(alerts, dialled, now, cancellationToken);
                }
            }

            await session.CommitAsync();
        }

        foreach (var dialled in batch)
        {
            _waiting.TryRemove(new KeyValuePair<string, DialledName>(dialled.Source, dialled));
        }
    }

    /// <summary>After a start, a takeover or a new certificate: who is covered now is at peace, who is not any more has an alert before it tries again.</summary>
    private async Task CompareAllAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var rows = new DialledNameRows(session);
        var alerts = new Alerts(session);
        var open = await alerts.ListOpenOfKindAsync(Mismatch, cancellationToken);
        foreach (var some in open.Chunk(MostPerTransaction))
        {
            var still = await rows.ListUncoveredSourcesAsync(certificate.Names, [.. some.Select(alert => alert.Source)], cancellationToken);
            foreach (var alert in some.Where(alert => !still.Contains(alert.Source)))
            {
                await alerts.ClearAsync(new AlertSubject(alert.AccountId, alert.VirtualAccountId, Mismatch, alert.Source), now, cancellationToken);
            }
        }

        foreach (var dialled in await rows.ListUncoveredAsync(certificate.Names, null, MostAlertsAtOnce, cancellationToken))
        {
            await RaiseAsync(alerts, dialled, now, cancellationToken);
        }

        await session.CommitAsync();
    }

    private Task<int> RaiseAsync(Alerts alerts, DialledName dialled, DateTimeOffset now, CancellationToken cancellationToken) =>
        alerts.RaiseAsync(Subject(dialled), AlertSeverity.Major, Describe(dialled, certificate.Names).ToString(), now, cancellationToken);

    public static Sentence Describe(DialledName dialled, IReadOnlyCollection<string> names) => dialled.AccountId is null
        ? new Sentence("A client at {0} dials '{1}', which the host certificate does not cover ({2}). Change the URL on the product, or add the name: tgctl certificate host-name set ... --alternative-name {1}", dialled.Product, dialled.Name, string.Join(", ", names))
        : new Sentence("{0} dials '{1}', which the host certificate does not cover ({2}). Change the URL on the product, or add the name: tgctl certificate host-name set ... --alternative-name {1}", dialled.Product, dialled.Name, string.Join(", ", names));

    /// <summary>Takes the product's entry with it when its registration ends.</summary>
    public static async Task ForgetProductAsync(DbSession session, string instanceId, string accountId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await new DialledNameRows(session).ForgetAsync(instanceId, cancellationToken) > 0)
        {
            await new Alerts(session).ClearAsync(AlertSubject.OfAccount(accountId, Mismatch, instanceId), now, cancellationToken);
        }
    }

    private static AlertSubject Subject(DialledName dialled) => dialled.AccountId is { } accountId
        ? AlertSubject.OfAccount(accountId, Mismatch, dialled.Source)
        : AlertSubject.OfGateway(Mismatch, dialled.Source);

    /// <summary>An address that has not dialled a wrong name for a day is forgotten; the rest is what this process starts from.</summary>
    private async Task ForgetAddressesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var rows = new DialledNameRows(session);
        if (await rows.ForgetAddressesAsync(now - AddressesKept, cancellationToken) > 0)
        {
            _comparedWith = null;
        }

        var kept = (await rows.ListAddressesAsync(cancellationToken)).ToDictionary(row => row.Source);
        await session.CommitAsync();
        foreach (var gone in _addresses.Keys.Where(address => !kept.ContainsKey(address) && !_waiting.ContainsKey(address)))
        {
            _addresses.TryRemove(gone, out _);
        }

        foreach (var row in kept.Values)
        {
            _addresses.TryAdd(row.Source, (row.Name, row.DialledAt));
        }
    }
}
