using TransportGateway.Simulators.Trust;
using TransportGateway.Simulators.Wire;

namespace TransportGateway.Simulators.Load;

/// <summary>A product with no more memory than its next message needs. One worker owns it.</summary>
internal sealed class LoadInstance(ProductDefinition product, ProductKey key, TimeProvider clock)
{
    private readonly MessageComposer composer = new(product, clock);
    private ProductState state = ProductState.Unregistered with { EntitlementVersion = 1 };

    public ProductDefinition Product => product;

    public HeldCertificates? Held => state.Held;

    public bool IsRegistered => state.IsRegistered;

    public SealedMessage Message(LoadOperation operation, string token) => operation switch
    {
        LoadOperation.Register => composer.Registration(key, token, force: false).Seal(),
        LoadOperation.Authorize => composer.Authorization(state, key, product.Entitlements).Seal(),
        _ => composer.IdCertRenew(state, key, key).Seal(),
    };

    public void Take(ProductResult result, TrustAnchors anchors)
    {
        if (result is ProductResult.Accepted { Reply: { Data: ReplyData.Registration data } reply })
        {
            // A hundred thousand copies of two certificates, and certificates nobody reads again, would be most of the memory.
            state = state.Registered(data, reply.Header, "shared", clock.GetUtcNow()) with
            {
                IdCertificate = null,
                SigningCertificate = anchors.Canonical(data.SigningCertificate),
                SubCaCertificate = anchors.Canonical(data.SubCaCertificate),
                SmartAccount = null,
                VirtualAccount = null,
            };
        }
    }
}
