using System.Collections.Concurrent;
using System.Globalization;
using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Simulators;

namespace TransportGateway.Cluster.Tests.Load;

/// <summary>Products that register and authorise through the virtual address while something breaks, and a record of every answer that they took for an acknowledgement.</summary>
/// <remarks>
/// Impatient products hang up after a second, which is how gaps are measured and how a commit that waits is abandoned. Patient ones
/// wait as real products do: none of them should ever see a failure in a planned switchover. One does all that a real agent does, its
/// pauses between attempts included, on a clock that makes a second of a quarter of an hour.
/// </remarks>
internal sealed class CountingLoad : IAsyncDisposable
{
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(40);
    private const int AgentSpeed = 900;

    private readonly LabCluster _cluster;
    private readonly TrustAnchors _anchors;
    private readonly string _token;
    private readonly KeyPool _keys;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<long> _acknowledgedAt = new();
    private readonly ConcurrentDictionary<string, byte> _registered = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Acknowledged, int Sent)> _usages = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _patientFailures = new();
    private readonly List<GatewayClient> _clients = [];
    private readonly List<Task> _workers = [];
    private int _number;
    private int _registrationsLost;
    private int _hangUps;

    private CountingLoad(LabCluster cluster, TrustAnchors anchors, string token, KeyPool keys)
    {
        _cluster = cluster;
        _anchors = anchors;
        _token = token;
        _keys = keys;
    }

    /// <summary>Names of products whose registration was acknowledged.</summary>
    public IReadOnlyCollection<string> Registered => [.. _registered.Keys];

    /// <summary>For each product that authorises: the last quantity that was acknowledged, and the last one that was sent.</summary>
    public ConcurrentDictionary<string, (int Acknowledged, int Sent)> Usages => _usages;

    /// <summary>What patient products saw that was no acknowledgement.</summary>
    public IReadOnlyCollection<string> PatientFailures => _patientFailures;

    /// <summary>Products that were registered and would have to register again.</summary>
    public int RegistrationsLost => _registrationsLost;

    /// <summary>Requests that may have arrived and whose sender did not wait for the answer, or lost it.</summary>
    public int HangUps => _hangUps;

    public int Acknowledged => _acknowledgedAt.Count;

    public static async Task<CountingLoad> StartAsync(LabCluster cluster, TrustAnchors anchors, string token, KeyPool keys)
    {
        var load = new CountingLoad(cluster, anchors, token, keys);
        for (var worker = 0; worker < 3; worker++)
        {
            load.Begin(patient: false, load.AuthorizeAsync);
        }

        load.Begin(patient: false, load.RegisterAsync);
        load.Begin(patient: true, load.AuthorizeAsync);
        load.Begin(patient: true, load.RegisterAsync);
        load.Begin(patient: true, load.LiveAsync);
        await Wait.UntilAsync("the load runs", () => Task.FromResult(load.Acknowledged > 20), TimeSpan.FromSeconds(60), () => Task.FromResult(string.Join("; ", load.PatientFailures)));
        return load;
    }

    /// <summary>The longest time without an acknowledgement since a moment.</summary>
    public TimeSpan LongestGap(long since)
    {
        var last = since;
        var longest = 0L;
        foreach (var at in _acknowledgedAt.Where(at => at >= since).Order())
        {
            longest = Math.Max(longest, at - last);
            last = at;
        }

        return TimeSpan.FromSeconds((double)longest / TimeProvider.System.TimestampFrequency);
    }

    public bool AcknowledgesAgain(long since, int count) => _acknowledgedAt.Count(at => at > since) >= count;

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _clients.ForEach(client => client.Dispose());
        _stop.Dispose();
    }

    private void Begin(bool patient, Func<GatewayClient, bool, Task> work)
    {
        var client = _cluster.Client(_anchors, DeviceTransport.SmartTransport, patient ? TimeSpan.FromSeconds(60) : Impatience);
        _clients.Add(client);
        _workers.Add(Task.Run(() => work(client, patient)));
    }

    private SimulatedProduct NewProduct(GatewayClient client, bool asReal = false)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"load-{Environment.ProcessId}-{_keys.GetHashCode()}-{GetHashCode()}-{Interlocked.Increment(ref _number)}");
        return new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.UnifiedCm(name, Guid.NewGuid().ToString("N"), new Entitlement(EntitlementTags.UcmBasic, 1)),
            Gateway = client,
            Key = _keys.Next(),
            Retry = asReal ? new RetryPolicy() : new RetryPolicy { AtOnce = 0 },
            Clock = asReal ? new SpedUpClock(TimeProvider.System, AgentSpeed, TimeProvider.System.GetUtcNow()) : TimeProvider.System,
            WireClock = TimeProvider.System,
        });
    }

    private async Task RegisterAsync(GatewayClient client, bool patient)
    {
        while (!_stop.IsCancellationRequested)
        {
            using var product = NewProduct(client);
            if (await RepeatAsync(product, () => product.RegisterAsync(_token), patient))
            {
                _registered.TryAdd(product.Product.HostName!, 0);
            }

            await PauseAsync();
        }
    }

    private async Task AuthorizeAsync(GatewayClient client, bool patient)
    {
        using var product = NewProduct(client);
        if (await RepeatAsync(product, () => product.RegisterAsync(_token), patient))
        {
            await ReportUsageAsync(product, wanted => RepeatAsync(product, () => product.AuthorizeAsync(wanted), patient));
        }
    }

    /// <summary>As a real agent: once more at once when the connection broke, then after a pause that doubles.</summary>
    private async Task LiveAsync(GatewayClient client, bool patient)
    {
        using var product = NewProduct(client, asReal: true);
        if (await PersistAsync(product, () => product.RegisterAsync(_token), patient))
        {
            await ReportUsageAsync(product, wanted => PersistAsync(product, () => product.AuthorizeAsync(wanted), patient));
        }
    }

    /// <summary>One more licence at a time, each once the one before is acknowledged.</summary>
    private async Task ReportUsageAsync(SimulatedProduct product, Func<Entitlement[], Task<bool>> report)
    {
        var name = product.Product.HostName!;
        _registered.TryAdd(name, 0);
        for (var quantity = 1; !_stop.IsCancellationRequested; quantity++)
        {
            _usages[name] = (quantity - 1, quantity);
            if (!await report([new Entitlement(EntitlementTags.UcmBasic, quantity)]))
            {
                return;
            }

            _usages[name] = (quantity, quantity);
            await PauseAsync();
        }
    }

    /// <summary>Until it is acknowledged; false when the load ends before that, or the product has to register again.</summary>
    private async Task<bool> RepeatAsync(SimulatedProduct product, Func<Task<ProductResult>> send, bool patient)
    {
        while (true)
        {
            var wasRegistered = product.State.IsRegistered;
            var result = await send();
            if (Count(result))
            {
                return true;
            }

            if (patient)
            {
                _patientFailures.Enqueue(result.Display);
            }

            if (LostRegistration(product, wasRegistered) || _stop.IsCancellationRequested)
            {
                return false;
            }

            await PauseAsync();
        }
    }

    /// <summary>The same at an agent's pace.</summary>
    private async Task<bool> PersistAsync(SimulatedProduct product, Func<Task<ProductResult>> send, bool patient)
    {
        var wasRegistered = product.State.IsRegistered;
        for (var result = await send(); !Count(result); result = await product.RetryAsync())
        {
            if (patient)
            {
                _patientFailures.Enqueue(result.Display);
            }

            if (LostRegistration(product, wasRegistered) || _stop.IsCancellationRequested)
            {
                return false;
            }

            var failures = product.State.Pending?.Failures ?? 1;
            try
            {
                await Task.Delay(new RetryPolicy().First * Math.Min(1 << (failures - 1), 16) / AgentSpeed, TimeProvider.System, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether it is an acknowledgement.</summary>
    private bool Count(ProductResult result)
    {
        if (result is ProductResult.Accepted)
        {
            _acknowledgedAt.Enqueue(TimeProvider.System.GetTimestamp());
            return true;
        }

        if (result is ProductResult.Unreachable { MayHaveArrived: true })
        {
            Interlocked.Increment(ref _hangUps);
        }

        return false;
    }

    private bool LostRegistration(SimulatedProduct product, bool wasRegistered)
    {
        var lost = wasRegistered && !product.State.IsRegistered;
        if (lost)
        {
            Interlocked.Increment(ref _registrationsLost);
        }

        return lost;
    }

    private Task PauseAsync() => Task.Delay(Pause, TimeProvider.System);
}
