using System.Collections.Frozen;
using System.Collections.Immutable;

namespace TransportGateway.Protocol;

/// <summary>
/// The alias table: every field name and request type of the device protocol, in one place. When a capture shows another spelling,
/// it is added here and nowhere else.
/// </summary>
public static class WireNames
{
    private const string Message = "the published device message, Cisco document 217535";
    private const string Yang = "YangModels cisco-smart-license and its error list";
    private const string Displays = "device displays in the genieparser tests";
    private const string Rest = "samples of the cloud REST API that does the same work (gve-sw offline reservation tools)";
    private const string Offline = "files that agents write for offline upload";
    private const string Refusals = "refusal texts that devices display";
    private const string Mirror = "mirrors the request";
    private const string Need = "the exchange needs it; no capture is public";

    private static readonly List<WireName> Fields = [];

    // Level 1, the envelope.
    public static readonly WireName Signature = Observed("signature");
    public static readonly WireName SignatureType = Observed("type");
    public static readonly WireName SignatureValue = Observed("value");
    public static readonly WireName Credential = Observed("credential");
    public static readonly WireName CredentialType = Inferred("type", "the observed credential is null; historic agents sent an account or a token");
    public static readonly WireName CredentialValue = Inferred("value", "the observed credential is null; historic agents sent an account or a token");
    public static readonly WireName Request = Observed("request");
    public static readonly WireName Response = Inferred("response", Mirror);

    // Level 2, the request.
    public static readonly WireName Header = Observed("header");
    public static readonly WireName Version = Observed("version");
    public static readonly WireName Locale = Observed("locale");
    public static readonly WireName Timestamp = Observed("timestamp");
    public static readonly WireName Nonce = Observed("nonce");
    public static readonly WireName RequestTypeName = Observed("request_type");
    public static readonly WireName AgentActions = Observed("agent_actions");
    public static readonly WireName ConnectInfo = Observed("connect_info");
    public static readonly WireName ProductInstanceIdentifier = Observed("product_instance_identifier");
    public static readonly WireName IdCertSerialNumber = Observed("id_cert_serial_number");
    public static readonly WireName SigningCertSerialNumber = Observed("signing_cert_serial_number");
    public static readonly WireName RequestData = Observed("request_data");

    // The identity of a device.
    public static readonly WireName Sudi = Observed("sudi");
    public static readonly WireName Suvi = Observed("suvi");
    public static readonly WireName Uuid = Observed("uuid");
    public static readonly WireName HostIdentifier = Observed("host_identifier");
    public static readonly WireName MacAddress = Observed("mac_address");
    public static readonly WireName UdiPid = Observed("udi_pid");
    public static readonly WireName UdiSerialNumber = Observed("udi_serial_number");
    public static readonly WireName UdiVid = Observed("udi_vid");

    // Level 3 of a registration and of a certificate renewal.
    public static readonly WireName IdToken = Inferred("id_token", "the rpc register-id-token has it as id-token; refusals call it token");
    public static readonly WireName Force = Elsewhere("force", Yang);
    public static readonly WireName Csr = Inferred("csr", "the agent has an error for a failed CSR; " + Need);
    public static readonly WireName SoftwareTagIdentifier = Elsewhere("software_tag_identifier", Offline);
    public static readonly WireName HostName = Elsewhere("hostname", Offline);
    public static readonly WireName AgentVersion = Inferred("agent_version", Need);
    public static readonly WireName Capabilities = Elsewhere("capabilities", Displays);
    public static readonly WireName DeviceList = Elsewhere("device_list", Offline);
    public static readonly WireName HaUdi = Elsewhere("ha_udi", "usage reports");
    public static readonly WireName HaRole = Elsewhere("role", "usage reports");

    // Level 3 of an authorisation.
    public static readonly WireName Entitlements = Elsewhere("entitlements", Rest);
    public static readonly WireName EntitlementVersion = Inferred("entitlement_version", "agent error 122 compares such a version");
    public static readonly WireName Tag = Elsewhere("tag", "reservation codes; the REST twin calls it entitlement", "entitlement");
    public static readonly WireName Count = Elsewhere("count", Rest);
    public static readonly WireName EntitlementTagVersion = Elsewhere("version", Yang);

    // Level 3 of a third-party key request.
    public static readonly WireName Live = Observed("live");
    public static readonly WireName Data = Observed("data");
    public static readonly WireName Id = Observed("id");
    public static readonly WireName Name = Observed("name");
    public static readonly WireName Value = Observed("value");
    public static readonly WireName Routing = Observed("routing");
    public static readonly WireName Action = Observed("action");
    public static readonly WireName KeyId = Observed("key_id");
    public static readonly WireName ComplianceRequired = Observed("compliance_required");

    // Polling.
    public static readonly WireName PollId = Elsewhere("poll_id", Rest);
    public static readonly WireName PollAction = Elsewhere("action", Rest);
    public static readonly WireName PollType = Elsewhere("type", Rest);

    // Level 2, the response. No response of the device protocol is public.
    public static readonly WireName Vendor = Inferred("vendor", "agent error 29 checks a vendor string");
    public static readonly WireName ConnectName = Elsewhere("name", Displays);
    public static readonly WireName ConnectVersion = Elsewhere("version", Displays);
    public static readonly WireName ConnectAdditional = Elsewhere("additional", Displays);
    public static readonly WireName ConnectProd = Elsewhere("prod", Displays);
    public static readonly WireName Status = Elsewhere("status", Rest);
    public static readonly WireName MessageCode = Elsewhere("message_code", Rest);
    public static readonly WireName MessageText = Elsewhere("message", Rest);
    public static readonly WireName ResponseData = Inferred("response_data", Mirror);

    // Level 3 of the answers to registration and renewal.
    public static readonly WireName ProductInstanceName = Inferred("product_instance_name", Need);
    public static readonly WireName IdCert = Inferred("id_cert", "agent error 48 verifies it; " + Need);
    public static readonly WireName SigningCert = Inferred("signing_cert", "agent error 47 verifies it; " + Need);
    public static readonly WireName SubCaCert = Inferred("sub_ca_cert", "agent error 99 verifies a chain; " + Need);
    public static readonly WireName CertChain = Inferred("cert_chain", "agent error 99 verifies a chain; " + Need);
    public static readonly WireName SmartAccount = Elsewhere("smart_account", Displays);
    public static readonly WireName VirtualAccount = Elsewhere("virtual_account", Displays);
    public static readonly WireName ExportControlAllowed = Elsewhere("export_control_allowed", Yang);
    public static readonly WireName RegisteredAt = Inferred("registered_at", "devices display the time; name chosen here");
    public static readonly WireName RenewAt = Inferred("renew_at", "devices display the time; name chosen here");
    public static readonly WireName ExpiresAt = Inferred("expires_at", "devices display the time; name chosen here");

    // Level 3 of the answer to an authorisation.
    public static readonly WireName OverallStatus = Inferred("overall_status", "devices display it; name chosen here");
    public static readonly WireName EntitlementStatus = Inferred("status", "devices display it; name chosen here");
    public static readonly WireName DisplayName = Inferred("display_name", "displayName in reservation codes");
    public static readonly WireName Description = Inferred("description", "tagDescription in reservation codes");
    public static readonly WireName LicenseType = Inferred("license_type", "licenseType in reservation codes");
    public static readonly WireName EnforcementType = Inferred("enforcement_type", Displays);
    public static readonly WireName ExportStatus = Inferred("export_status", Displays);
    public static readonly WireName StartDate = Inferred("start_date", "startDate in reservation codes");
    public static readonly WireName EndDate = Inferred("end_date", "endDate in reservation codes");
    public static readonly WireName SubscriptionId = Inferred("subscription_id", "subscriptionID in reservation codes");
    public static readonly WireName RenewIntervalDays = Inferred("renew_interval_days", "devices display the dates; name chosen here");
    public static readonly WireName ExpireIntervalDays = Inferred("expire_interval_days", "devices display the dates; name chosen here");
    public static readonly WireName NextCommunication = Inferred("next_communication", "devices display the time; name chosen here");
    public static readonly WireName CommunicationDeadline = Inferred("communication_deadline", "devices display the time; name chosen here");

    // Keys of an errors hash that are no field of a request.
    public static readonly WireName Token = Elsewhere("token", Refusals);

    /// <summary>The request types that are served.</summary>
    public static readonly ImmutableDictionary<RequestType, WireName> RequestTypes = new Dictionary<RequestType, WireName>
    {
        [RequestType.Registration] = new("REGISTRATION", Evidence.Inferred, "the rpc register-id-token and its errors; name chosen here"),
        [RequestType.Authorization] = new("AUTHORIZATION", Evidence.Inferred, "agents log sendAUTH; name chosen here"),
        [RequestType.IdCertRenew] = new("ID_CERT_RENEW", Evidence.Inferred, "the rpc renew-id; name chosen here"),
        [RequestType.Deregistration] = new("DEREGISTRATION", Evidence.Inferred, "the rpc de-register; name chosen here"),
        [RequestType.ThirdPartyKey] = new("THIRD_PARTY_KEY", Evidence.Observed, Message),
        [RequestType.Poll] = new("POLL", Evidence.Inferred, "the counter Result Polling on devices; name chosen here"),
    }.ToImmutableDictionary();

    /// <summary>Request types whose existence is known and that this server does not serve: they parse as <see cref="RequestType.Unknown"/>.</summary>
    public static readonly ImmutableArray<WireName> RequestTypesNotServed =
    [
        .. new[]
        {
            "TRUST", "TRUST_ACK", "TRUST_SYNC", "USAGE_REPORT", "AUTH_CODE_REQUEST", "AUTH_CODE_CONFIRM", "AUTH_CODE_RETURN", "HELLO",
            "TELEMETRY",
        }.Select(name => new WireName(name, Evidence.Inferred, "a counter of the communication statistics on devices; name chosen here")),
        .. new[] { "EXPORT_KEY_REQUEST", "EXPORT_KEY_RETURN", "CONVERSION", "UTILITY" }
            .Select(name => new WireName(name, Evidence.Inferred, "a capability that agents announce, and its errors; name chosen here")),
    ];

    private static readonly FrozenDictionary<string, RequestType> TypesBySpelling = RequestTypes
        .SelectMany(type => type.Value.AlsoAccepted.Add(type.Value.Canonical).Select(spelling => KeyValuePair.Create(spelling, type.Key)))
        .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every field name of the table, in the order it is written here.</summary>
    public static IReadOnlyList<WireName> AllFields => Fields;

    /// <summary>The request type that a text on the wire means.</summary>
    public static RequestType TypeOf(string text) => TypesBySpelling.GetValueOrDefault(text, RequestType.Unknown);

    /// <summary>Whether the request type exists in the protocol although this server does not serve it.</summary>
    public static bool IsKnownButNotServed(string text) =>
        RequestTypesNotServed.Any(name => string.Equals(name.Canonical, text, StringComparison.Ordinal));

    private static WireName Observed(string name) => Add(new WireName(name, Evidence.Observed, Message));

    private static WireName Elsewhere(string name, string source, params string[] alsoAccepted) =>
        Add(new WireName(name, Evidence.ObservedElsewhere, source, alsoAccepted));

    private static WireName Inferred(string name, string source) => Add(new WireName(name, Evidence.Inferred, source));

    private static WireName Add(WireName name)
    {
        Fields.Add(name);
        return name;
    }
}
