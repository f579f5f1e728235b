using TransportGateway.Simulators.Trust;
using TransportGateway.Simulators.Wire;

namespace TransportGateway.Simulators;

/// <summary>
/// A product instance with a real agent's habits: it registers, reports its licences, renews in time, sends again what got no
/// answer, believes only what verifies, and remembers everything over a restart.
/// </summary>
public sealed partial class SimulatedProduct : IDisposable
{
    private readonly SimulatedProductOptions options;
    private readonly TimeProvider wireClock;
    private readonly MessageComposer composer;
    private readonly ReplyVerifier verifier;
    private readonly Dictionary<string, ProductKey> keys = new(StringComparer.Ordinal);
    private readonly List<ProductKey> ownKeys = [];
    private readonly SemaphoreSlim turn = new(1, 1);
    private TaskCompletionSource stateChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SimulatedProduct(SimulatedProductOptions options)
    {
        this.options = options;
        wireClock = options.WireClock ?? options.Clock;
        composer = new MessageComposer(options.Product, wireClock);
        verifier = new ReplyVerifier(options.LicensingAnchors ?? options.Gateway.Anchors, wireClock);
        State = options.State?.Load() ?? ProductState.Unregistered;
        if (options.Key is { } given)
        {
            keys[given.Name] = given;
        }
    }

    public ProductDefinition Product => options.Product;

    public ProductState State { get; private set; }

    /// <summary>Registers with a token; with <paramref name="force"/> also when the gateway already knows this UDI.</summary>
    public Task<ProductResult> RegisterAsync(string token, bool force = false, CancellationToken cancellationToken = default) =>
        AskAsync(new ProductRequest.Register(token, force), cancellationToken);

    /// <summary>Reports what the product uses; null repeats the last report, or the first one of its definition.</summary>
    public Task<ProductResult> AuthorizeAsync(IEnumerable<Entitlement>? entitlements = null, CancellationToken cancellationToken = default) =>
        AskAsync(new ProductRequest.Authorize(), cancellationToken, entitlements: entitlements);

    /// <summary>Renews the ID certificate, for the same key or a new one.</summary>
    public Task<ProductResult> RenewIdCertificateAsync(ProductKey? newKey = null, CancellationToken cancellationToken = default) =>
        AskAsync(new ProductRequest.RenewIdCertificate(), cancellationToken, newKey: newKey);

    /// <summary>Gives the registration back. The product forgets it even when the gateway cannot be reached.</summary>
    public Task<ProductResult> DeregisterAsync(CancellationToken cancellationToken = default) =>
        AskAsync(new ProductRequest.Deregister(), cancellationToken);

    public Task<ProductResult> RequestThirdPartyKeyAsync(string tag, CancellationToken cancellationToken = default) =>
        AskAsync(new ProductRequest.AskThirdPartyKey(tag), cancellationToken);

    public Task<ProductResult> PollAsync(long pollId, CancellationToken cancellationToken = default) =>
        AskAsync(new ProductRequest.Poll(pollId), cancellationToken);

    /// <summary>Sends again now what got no answer, with the same bytes while the gateway would take them.</summary>
    public Task<ProductResult> RetryAsync(CancellationToken cancellationToken = default) => InTurnAsync(
        () => State.Pending is { } pending
            ? AskInTurnAsync(pending.Request, cancellationToken)
            : Task.FromResult<ProductResult>(new ProductResult.NotSent("Nothing waits to be sent again.")),
        cancellationToken);

    /// <summary>Sends any bytes and hands back whatever came.</summary>
    public Task<Delivery> SendRawAsync(ReadOnlyMemory<byte> body, string? contentType, CancellationToken cancellationToken = default) =>
        options.Gateway.SendRawAsync(body, contentType, cancellationToken);

    /// <summary>
    /// Sends a message made by hand and verifies the answer as always, but takes nothing over: a product whose message was tampered
    /// with is not to forget its registration because the gateway refused the forgery.
    /// </summary>
    public async Task<ProductResult> SendAsync(SealedMessage message, CancellationToken cancellationToken = default) =>
        Judge(await options.Gateway.SendAsync(message, Product, cancellationToken), message);

    public MessageDraft DraftRegistration(string token, bool force = false, ProductKey? key = null) =>
        composer.Registration(key ?? CurrentKey(), token, force);

    public MessageDraft DraftAuthorization(IReadOnlyList<Entitlement>? entitlements = null) =>
        composer.Authorization(State, CurrentKey(), entitlements ?? Wanted());

    public MessageDraft DraftIdCertRenewal(ProductKey? newKey = null) => composer.IdCertRenew(State, CurrentKey(), newKey ?? CurrentKey());

    public MessageDraft DraftDeregistration() => composer.Deregistration(State, CurrentKey());

    public MessageDraft DraftThirdPartyKey(string tag) => composer.ThirdPartyKey(State, CurrentKey(), tag);

    public MessageDraft DraftPoll(long pollId) => composer.Poll(State, CurrentKey(), pollId);

    public void Dispose()
    {
        turn.Dispose();
        foreach (var key in ownKeys)
        {
            key.Dispose();
        }
    }

    private Task<ProductResult> AskAsync(
        ProductRequest request, CancellationToken cancellationToken, IEnumerable<Entitlement>? entitlements = null, ProductKey? newKey = null) =>
        InTurnAsync(() => AskInTurnAsync(request, cancellationToken, entitlements, newKey), cancellationToken);

    /// <summary>One thing at a time: a real agent has one queue.</summary>
    private async Task<T> InTurnAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await act();
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<ProductResult> AskInTurnAsync(
        ProductRequest request, CancellationToken cancellationToken, IEnumerable<Entitlement>? entitlements = null, ProductKey? newKey = null)
    {
        if (request is not ProductRequest.Register && !State.IsRegistered)
        {
            return new ProductResult.NotSent("The product is not registered; register it with a token first.");
        }

        if (request is ProductRequest.Authorize)
        {
            State = WithWish(entitlements);
        }

        var pending = StillGood(request) ?? Compose(request, newKey);
        Keep(State with { Pending = pending });
        return await DeliverAsync(pending, cancellationToken);
    }

    /// <summary>The message that waits, when it asks for the same and the gateway would still take it.</summary>
    private PendingMessage? StillGood(ProductRequest request) =>
        State.Pending is { Message: { } message } pending
        && pending.Request == request
        && wireClock.GetUtcNow() - message.ComposedAt < options.Retry.SameMessageFor
        && (request is not ProductRequest.Authorize || message.Expected.EntitlementVersion == State.EntitlementVersion)
            ? pending
            : null;

    private PendingMessage Compose(ProductRequest request, ProductKey? newKey)
    {
        var failures = State.Pending is { } waiting && waiting.Request == request ? waiting.Failures : 0;
        var key = CurrentKey();
        var certified = newKey ?? key;
        options.State?.SaveKey(certified);
        keys[certified.Name] = certified;
        var draft = request switch
        {
            ProductRequest.Register register => composer.Registration(key, register.Token, register.Force),
            ProductRequest.Authorize => composer.Authorization(State, key, Wanted()),
            ProductRequest.RenewIdCertificate => composer.IdCertRenew(State, key, certified),
            ProductRequest.Deregister => composer.Deregistration(State, key),
            ProductRequest.AskThirdPartyKey ask => composer.ThirdPartyKey(State, key, ask.Tag),
            ProductRequest.Poll poll => composer.Poll(State, key, poll.PollId),
            _ => throw new InvalidOperationException($"There is no message for {request.GetType().Name}."),
        };
        return new PendingMessage { Request = request, Message = draft.Seal(), KeyName = certified.Name, Failures = failures };
    }

    private async Task<ProductResult> DeliverAsync(PendingMessage pending, CancellationToken cancellationToken)
    {
        var message = pending.Message!;
        var delivery = await options.Gateway.SendAsync(message, Product, cancellationToken);
        for (var again = 0; delivery is Delivery.AnswerLost && again < options.Retry.AtOnce; again++)
        {
            delivery = await options.Gateway.SendAsync(message, Product, cancellationToken);
        }

        var result = Judge(delivery, message);
        Keep(After(pending, result));
        return result;
    }

    private ProductResult Judge(Delivery delivery, SealedMessage message) => delivery switch
    {
        Delivery.Answered answered => verifier.Judge(answered.Answer, options.Gateway.Transport, message.Expected, Product.Sudi, State.Held),
        Delivery.NotSent notSent => new ProductResult.Unreachable(notSent.Reason, MayHaveArrived: false),
        Delivery.AnswerLost lost => new ProductResult.Unreachable(lost.Reason, MayHaveArrived: true),
        _ => throw new InvalidOperationException($"{delivery.GetType().Name} is no delivery."),
    };

    private ProductState WithWish(IEnumerable<Entitlement>? entitlements)
    {
        var wanted = entitlements?.ToArray() ?? Wanted();
        return State.EntitlementVersion == 0 || !wanted.SequenceEqual(State.Requested)
            ? State with { Requested = wanted, EntitlementVersion = State.EntitlementVersion + 1 }
            : State;
    }

    private IReadOnlyList<Entitlement> Wanted() => State.EntitlementVersion == 0 ? Product.Entitlements : State.Requested;

    private ProductKey CurrentKey()
    {
        var name = State.KeyName ?? State.Pending?.KeyName;
        if (name is null && keys.Count > 0)
        {
            return keys.Values.First();
        }

        if (name is not null && keys.TryGetValue(name, out var known))
        {
            return known;
        }

        var key = options.State?.LoadKey(name)
            ?? (State.IsRegistered
                ? throw new InvalidDataException($"The key of {Product.Name} is missing from its state; register again with force.")
                : ProductKey.Create());
        ownKeys.Add(key);
        return keys[key.Name] = key;
    }

    private void Keep(ProductState state)
    {
        State = state with { SavedAt = options.Clock.GetUtcNow() };
        options.State?.Save(State);
        Interlocked.Exchange(ref stateChanged, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }
}
