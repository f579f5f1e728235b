using System.Globalization;
using TransportGateway.Simulators.Trust;

namespace TransportGateway.Simulators.Load;

/// <summary>Carries out a <see cref="LoadPlan"/>: registers products, then measures the mix, then adds up.</summary>
public sealed class LoadRun : IDisposable
{
    private readonly LoadPlan plan;
    private readonly GatewayClient client;
    private readonly KeyPool keys;
    private readonly ReplyVerifier verifier;
    private int products;

    public LoadRun(LoadPlan plan)
    {
        if (plan.Faults().FirstOrDefault() is { } fault)
        {
            throw new ArgumentException(fault, nameof(plan));
        }

        this.plan = plan;
        client = new GatewayClient(plan.Address, plan.Transport, plan.Anchors, new GatewayClientOptions
        {
            KeepAlive = !plan.FreshConnections,
            MaxConnections = plan.Connections,
        });
        keys = new KeyPool(plan.Keys);
        verifier = new ReplyVerifier(plan.Anchors, plan.Clock, plan.Verify);
    }

    public async Task<LoadReport> ExecuteAsync(CancellationToken cancellationToken = default)
    {
        var began = plan.Clock.GetTimestamp();
        var instances = plan.NeedsInstances ? await PrepareAsync(cancellationToken) : [];
        var preparation = plan.Clock.GetElapsedTime(began);
        var presigned = plan.Presign ? Presign(instances) : null;

        using var bound = new CancellationTokenSource(plan.Duration, plan.Clock);
        var next = -1;
        var start = plan.Clock.GetTimestamp();
        var tallies = await Task.WhenAll(Enumerable.Range(0, plan.Connections).Select(worker => Task.Run(
            async () =>
            {
                var tally = new LoadTally();
                var mine = instances.Where((_, index) => index % plan.Connections == worker).ToArray();
                var turn = 0;
                while (!bound.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    var request = Interlocked.Increment(ref next);
                    if (request >= plan.Requests)
                    {
                        break;
                    }

                    var operation = plan.Mix.At(request);
                    var (instance, message) = presigned is not null
                        ? presigned[request]
                        : Fresh(operation, operation == LoadOperation.Register ? NewInstance() : mine[turn++ % mine.Length]);
                    // Not cancelled half-way: what is under way at the end is waited for and counted.
                    await SendAsync(operation, instance, message, tally, CancellationToken.None);
                }

                return tally;
            },
            CancellationToken.None)));
        var elapsed = plan.Clock.GetElapsedTime(start);

        var total = new LoadTally();
        foreach (var tally in tallies)
        {
            total.Add(tally);
        }

        return new LoadReport
        {
            Elapsed = elapsed, PreparedInstances = instances.Length, Preparation = preparation, Lines = total.ToLines(elapsed),
        };
    }

    public void Dispose()
    {
        client.Dispose();
        keys.Dispose();
    }

    private async Task<LoadInstance[]> PrepareAsync(CancellationToken cancellationToken)
    {
        var all = Enumerable.Range(0, plan.Instances).Select(_ => NewInstance()).ToArray();
        var failure = "";
        await Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = plan.Connections, CancellationToken = cancellationToken },
            async (instance, cancel) =>
            {
                var message = instance.Message(LoadOperation.Register, plan.Token);
                var result = await SendAsync(LoadOperation.Register, instance, message, new LoadTally(), cancel);
                if (!instance.IsRegistered)
                {
                    failure = result.Display;
                }
            });
        return all.All(instance => instance.IsRegistered)
            ? all
            : throw new LoadPreparationException(
                $"{all.Count(instance => !instance.IsRegistered)} of {all.Length} products could not be registered before the measurement, "
                + $"so there is none. The last reason: {failure}");
    }

    private (LoadInstance Instance, SealedMessage Message)[] Presign(LoadInstance[] instances)
    {
        var signed = new (LoadInstance Instance, SealedMessage Message)[plan.Requests];
        Parallel.For(0, plan.Requests, request =>
        {
            var operation = plan.Mix.At(request);
            signed[request] = Fresh(operation, operation == LoadOperation.Register ? NewInstance() : instances[request % instances.Length]);
        });
        return signed;
    }

    private (LoadInstance Instance, SealedMessage Message) Fresh(LoadOperation operation, LoadInstance instance) =>
        (instance, instance.Message(operation, plan.Token));

    private async Task<ProductResult> SendAsync(
        LoadOperation operation, LoadInstance instance, SealedMessage message, LoadTally tally, CancellationToken cancellationToken)
    {
        var body = client.Write(message, instance.Product);
        var start = plan.Clock.GetTimestamp();
        var delivery = await client.SendRawAsync(body, client.ContentType, cancellationToken);
        var latency = plan.Clock.GetElapsedTime(start);
        ProductResult result = delivery switch
        {
            Delivery.Answered answered => verifier.Judge(
                answered.Answer, plan.Transport, message.Expected, instance.Product.Sudi, instance.Held),
            Delivery.NotSent notSent => new ProductResult.Unreachable(notSent.Reason, MayHaveArrived: false),
            Delivery.AnswerLost lost => new ProductResult.Unreachable(lost.Reason, MayHaveArrived: true),
            _ => throw new InvalidOperationException($"{delivery.GetType().Name} is no delivery."),
        };
        tally.Count(operation, result, latency);
        instance.Take(result, plan.Anchors);
        return result;
    }

    /// <summary>A Unified CM the gateway has not seen, with three licences in use.</summary>
    private LoadInstance NewInstance()
    {
        var number = Interlocked.Increment(ref products).ToString("d7", CultureInfo.InvariantCulture);
        var profile = ProductProfile.UnifiedCm;
        var definition = new ProductDefinition
        {
            Name = $"load-{plan.RunName}-{number}",
            Profile = profile,
            Sudi = new Sudi { UdiPid = profile.UdiPid, UdiSerialNumber = $"load-{plan.RunName}-{number}" },
            HostName = $"load-{plan.RunName}-{number}",
            Entitlements =
            [
                new Entitlement(EntitlementTags.UcmEnhanced, 3),
                new Entitlement(EntitlementTags.UcmEnhancedPlus, 1),
                new Entitlement(EntitlementTags.UcmTelepresenceRoom, 1),
            ],
        };
        return new LoadInstance(definition, keys.Next(), plan.Clock);
    }
}
