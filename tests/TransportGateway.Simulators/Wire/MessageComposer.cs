using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace TransportGateway.Simulators.Wire;

/// <summary>Builds the messages of one product from what it knows at the time.</summary>
internal sealed class MessageComposer(ProductDefinition product, TimeProvider wireClock)
{
    private const string Locale = "en_US.UTF-8";

    public MessageDraft Registration(ProductKey key, string token, bool force)
    {
        var profile = product.Profile;
        var draft = Draft(ProductState.Unregistered, RequestType.Registration, key, key.SubjectPublicKeyInfo, new JsonObject
        {
            ["id_token"] = token,
            ["force"] = force,
            ["csr"] = SigningRequest(key),
            ["software_tag_identifier"] = profile.SoftwareTag,
            ["hostname"] = product.HostName,
            ["agent_version"] = profile.AgentVersion,
            ["capabilities"] = Texts(profile.Capabilities),
            ["device_list"] = new JsonArray(),
            ["ha_udi"] = new JsonArray(),
        });
        if (profile.SendsCredential)
        {
            draft.Credential = new JsonObject { ["type"] = "ID_TOKEN", ["value"] = token };
        }

        return draft;
    }

    public MessageDraft Authorization(ProductState state, ProductKey key, IReadOnlyList<Entitlement> entitlements) =>
        Draft(state, RequestType.Authorization, key, certifiedKey: null, new JsonObject
        {
            ["entitlement_version"] = state.EntitlementVersion,
            ["entitlements"] = new JsonArray([.. entitlements.Select(entitlement => new JsonObject
            {
                ["tag"] = entitlement.Tag,
                ["count"] = entitlement.Count,
                ["version"] = entitlement.Version,
            })]),
            ["ha_udi"] = new JsonArray(),
            ["app_ha"] = new JsonArray(),
        });

    /// <summary>Signed with the key of the certificate in use; the signing request may hold a new one.</summary>
    public MessageDraft IdCertRenew(ProductState state, ProductKey key, ProductKey nextKey) =>
        Draft(state, RequestType.IdCertRenew, key, nextKey.SubjectPublicKeyInfo, new JsonObject { ["csr"] = SigningRequest(nextKey) });

    public MessageDraft Deregistration(ProductState state, ProductKey key) =>
        Draft(state, RequestType.Deregistration, key, certifiedKey: null, []);

    public MessageDraft ThirdPartyKey(ProductState state, ProductKey key, string tag) =>
        Draft(state, RequestType.ThirdPartyKey, key, certifiedKey: null, new JsonObject
        {
            ["live"] = true,
            ["data"] = new JsonArray(new JsonObject
            {
                ["id"] = RandomNumberGenerator.GetInt32(int.MaxValue),
                ["name"] = "VOUCHER_CODE",
                ["value"] = tag,
                ["routing"] = "NUANCE",
                ["action"] = "GENERATE",
                ["key_id"] = 0,
            }),
            ["compliance_required"] = true,
        });

    public MessageDraft Poll(ProductState state, ProductKey key, long pollId) =>
        Draft(state, RequestType.Poll, key, certifiedKey: null, new JsonObject
        {
            ["poll_id"] = pollId,
            ["action"] = "authorizations",
            ["type"] = "authorizations",
        });

    /// <summary>What every message has in common, in the order of the one message that is public.</summary>
    private MessageDraft Draft(ProductState state, string requestType, ProductKey signingKey, byte[]? certifiedKey, JsonObject own)
    {
        var now = wireClock.GetUtcNow();
        var nonce = NewNonce();
        var header = new JsonObject
        {
            ["version"] = product.Profile.MessageVersion,
            ["locale"] = Locale,
            ["sudi"] = product.Sudi.ToJson(),
            ["timestamp"] = 0,
            ["nonce"] = nonce,
            ["request_type"] = requestType,
            ["agent_actions"] = null,
            ["connect_info"] = null,
            ["product_instance_identifier"] = state.ProductInstanceIdentifier,
            ["id_cert_serial_number"] = state.IdCertSerialNumber,
            ["signing_cert_serial_number"] = state.SigningCertSerialNumber,
        };
        var data = new JsonObject
        {
            ["sudi"] = product.Sudi.ToJson(),
            ["timestamp"] = now.ToUnixTimeMilliseconds(),
            ["nonce"] = nonce,
            ["product_instance_identifier"] = state.ProductInstanceIdentifier,
        };
        foreach (var (name, value) in own)
        {
            data[name] = value?.DeepClone();
        }

        return new MessageDraft(header, data, signingKey, now) { CertifiedKey = certifiedKey };
    }

    private string SigningRequest(ProductKey key)
    {
        var der = key.CreateSigningRequest(product.Profile.UdiPid);
        return product.Profile.SigningRequestForm == SigningRequestForm.Pem
            ? PemEncoding.WriteString("CERTIFICATE REQUEST", der)
            : Convert.ToBase64String(der);
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    /// <summary>A positive 63-bit number in decimal.</summary>
    private static string NewNonce()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return Math.Max(1, BitConverter.ToInt64(bytes) & long.MaxValue).ToString(CultureInfo.InvariantCulture);
    }
}
