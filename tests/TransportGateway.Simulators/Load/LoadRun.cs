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
    private readonly ReplyVerifier statusReader;
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
        verifier = new ReplyVerifier(plan.Anchors, plan.Clock, checkTrust: plan.Verification != LoadVerification.Never);
        statusReader = new ReplyVerifier(plan.Anchors, plan.Clock, checkTrust: false);
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
        var workers = await Task.WhenAll(Enumerable.Range(0, plan.Connections).Select(worker => Task.Run(
            () => WorkAsync(
                [.. instances.Where((_, index) => index % plan.Connections == worker)],
                presigned,
                () => bound.IsCancellationRequested || cancellationToken.IsCancellationRequested ? plan.Requests : Interlocked.Increment(ref next)),
            CancellationToken.None)));
        var elapsed = plan.Clock.GetElapsedTime(start);

        var total = new LoadTally();
        foreach (var (tally, later) in workers)
        {
            total.Add(tally);
            foreach (var (exchange, result) in later.AsParallel().Select(exchange => (exchange, Judge(exchange, verifier))))
            {
                total.Count(exchange.Operation, result, exchange.Latency);
            }
        }

        return new LoadReport
        {
            Elapsed = elapsed,
            PreparedInstances = instances.Length,
            Preparation = preparation,
            Lines = total.ToLines(elapsed),
        };
    }

    public void Dispose()
    {
        client.Dispose();
        keys.Dispose();
    }

    /// <summary>One connection's part: request after request until there is no next one.</summary>
    private async Task<(LoadTally Tally, List<Exchange> Later)> WorkAsync(
        LoadInstance[] mine, (LoadInstance Instance, SealedMessage Message)[]? presigned, Func<int> next)
    {
        var tally = new LoadTally();
        var later = new List<Exchange>();
        var turn = 0;
        for (var request = next(); request < plan.Requests; request = next())
        {
            var operation = plan.Mix.At(request);
            var (instance, message) = presigned is not null
                ? presigned[request]
                : Fresh(operation, operation == LoadOperation.Register ? NewInstance() : mine[turn++ % mine.Length]);

            // Not cancelled half-way: what is under way at the end is waited for and counted.
            var exchange = await SendAsync(operation, instance, message, CancellationToken.None);
            if (plan.Verification != LoadVerification.Later)
            {
                var result = Judge(exchange, verifier);
                tally.Count(operation, result, exchange.Latency);
                instance.Take(result, plan.Anchors);
                continue;
            }

            later.Add(exchange);
            if (operation == LoadOperation.Renew)
            {
                // The next message of this product has to name the certificate this answer brings.
                instance.Take(Judge(exchange, statusReader), plan.Anchors);
            }
        }

        return (tally, later);
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
                var result = Judge(await SendAsync(LoadOperation.Register, instance, message, cancel), verifier);
                instance.Take(result, plan.Anchors);
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

    private async Task<Exchange> SendAsync(
        LoadOperation operation, LoadInstance instance, SealedMessage message, CancellationToken cancellationToken)
    {
        var body = client.Write(message, instance.Product);
        var start = plan.Clock.GetTimestamp();
        var delivery = await client.SendRawAsync(body, client.ContentType, cancellationToken);
        return new Exchange(operation, instance.Product.Sudi, instance.Held, message, delivery, plan.Clock.GetElapsedTime(start));
    }

    private ProductResult Judge(Exchange exchange, ReplyVerifier judge) => exchange.Delivery switch
    {
        Delivery.Answered answered => judge.Judge(answered.Answer, plan.Transport, exchange.Message.Expected, exchange.Sudi, exchange.Held),
        Delivery.NotSent notSent => new ProductResult.Unreachable(notSent.Reason, MayHaveArrived: false),
        Delivery.AnswerLost lost => new ProductResult.Unreachable(lost.Reason, MayHaveArrived: true),
        _ => throw new InvalidOperationException($"{exchange.Delivery.GetType().Name} is no delivery."),
    };

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

    /// <summary>A request and what came of it, with all it takes to judge the answer at any later time.</summary>
    private sealed record Exchange(
        LoadOperation Operation, Sudi Sudi, HeldCertificates? Held, SealedMessage Message, Delivery Delivery, TimeSpan Latency);
}
