using System.Collections.Frozen;

namespace TransportGateway.Protocol;

/// <summary>Every name on the wire, in one place, with what it rests on. A capture that shows another spelling is followed by adding it here.</summary>
/// <remarks>
/// Sections are those of the wire protocol reference. <see cref="Evidence.Observed"/>: name and meaning were seen in a real message.
/// <see cref="Evidence.ObservedElsewhere"/>: the name was seen in the same ecosystem, its place here is inferred.
/// <see cref="Evidence.Inferred"/>: chosen in the observed style.
/// </remarks>
public static class WireNames
{
    private static readonly FieldName[] Declared =
    [
        // Level 1, section 2.2
        new(Field.Signature, Evidence.Observed, "signature"),
        new(Field.SignatureType, Evidence.Observed, "type"),
        new(Field.SignatureValue, Evidence.Observed, "value"),
        new(Field.Credential, Evidence.Observed, "credential"),
        new(Field.CredentialValue, Evidence.Inferred, "value"),
        new(Field.Request, Evidence.Observed, "request"),
        new(Field.Response, Evidence.Inferred, "response"),

        // Level 2, section 2.2
        new(Field.Header, Evidence.Observed, "header"),
        new(Field.Version, Evidence.Observed, "version"),
        new(Field.Locale, Evidence.Observed, "locale"),
        new(Field.Sudi, Evidence.Observed, "sudi"),
        new(Field.Timestamp, Evidence.Observed, "timestamp"),
        new(Field.Nonce, Evidence.Observed, "nonce"),
        new(Field.RequestType, Evidence.Observed, "request_type"),
        new(Field.ProductInstanceIdentifier, Evidence.Observed, "product_instance_identifier"),
        new(Field.IdCertSerialNumber, Evidence.Observed, "id_cert_serial_number"),
        new(Field.SigningCertSerialNumber, Evidence.Observed, "signing_cert_serial_number"),
        new(Field.RequestData, Evidence.Observed, "request_data"),

        // sudi, section 2.2
        new(Field.Suvi, Evidence.Observed, "suvi"),
        new(Field.Uuid, Evidence.Observed, "uuid"),
        new(Field.HostIdentifier, Evidence.Observed, "host_identifier"),
        new(Field.MacAddress, Evidence.Observed, "mac_address"),
        new(Field.UdiPid, Evidence.Observed, "udi_pid"),
        new(Field.UdiSerialNumber, Evidence.Observed, "udi_serial_number"),
        new(Field.UdiVid, Evidence.Observed, "udi_vid"),

        // Level 3, section 8.3
        new(Field.IdToken, Evidence.Inferred, "id_token"),
        new(Field.Force, Evidence.ObservedElsewhere, "force"),
        new(Field.Csr, Evidence.Inferred, "csr"),
        new(Field.SoftwareTag, Evidence.ObservedElsewhere, "software_tag_identifier"),
        new(Field.HostName, Evidence.ObservedElsewhere, "hostname"),
        new(Field.AgentVersion, Evidence.Inferred, "agent_version"),
        new(Field.Capabilities, Evidence.ObservedElsewhere, "capabilities"),
        new(Field.DeviceList, Evidence.ObservedElsewhere, "device_list"),
        new(Field.Entitlements, Evidence.ObservedElsewhere, "entitlements"),
        new(Field.EntitlementVersion, Evidence.Inferred, "entitlement_version"),
        new(Field.Tag, Evidence.ObservedElsewhere, "tag", "entitlement"),
        new(Field.Count, Evidence.ObservedElsewhere, "count"),
        new(Field.Live, Evidence.Observed, "live"),
        new(Field.Data, Evidence.Observed, "data"),
        new(Field.Id, Evidence.Observed, "id"),
        new(Field.Name, Evidence.Observed, "name"),
        new(Field.Value, Evidence.Observed, "value"),
        new(Field.KeyId, Evidence.Observed, "key_id"),
        new(Field.ComplianceRequired, Evidence.Observed, "compliance_required"),
        new(Field.PollId, Evidence.ObservedElsewhere, "poll_id"),
        new(Field.Action, Evidence.ObservedElsewhere, "action"),
        new(Field.Type, Evidence.ObservedElsewhere, "type"),
    ];

    private static readonly (RequestType Type, Evidence Evidence, string[] Spellings)[] DeclaredTypes =
    [
        (RequestType.ThirdPartyKey, Evidence.Observed, ["THIRD_PARTY_KEY"]),
        (RequestType.Registration, Evidence.Inferred, ["REGISTRATION", "REGISTER"]),
        (RequestType.Authorization, Evidence.Inferred, ["AUTHORIZATION", "AUTH"]),
        (RequestType.IdCertRenew, Evidence.Inferred, ["ID_CERT_RENEW", "RENEW"]),
        (RequestType.Deregistration, Evidence.Inferred, ["DEREGISTRATION", "DEREGISTER"]),
        (RequestType.Poll, Evidence.Inferred, ["POLL"]),
    ];

    private static readonly FrozenDictionary<Field, FieldName> ByField = Declared.ToFrozenDictionary(name => name.Field);

    private static readonly FrozenDictionary<string, RequestType> Types =
        DeclaredTypes.SelectMany(entry => entry.Spellings.Select(spelling => (spelling, entry.Type)))
            .ToFrozenDictionary(entry => entry.spelling, entry => entry.Type, StringComparer.Ordinal);

    /// <summary>The spelling that this side writes.</summary>
    public static string Of(Field field) => ByField[field].Spellings[0];

    /// <summary>Every spelling that is accepted.</summary>
    public static IReadOnlyList<string> SpellingsOf(Field field) => ByField[field].Spellings;

    public static Evidence EvidenceFor(Field field) => ByField[field].Evidence;

    public static RequestType TypeOf(string text) => Types.GetValueOrDefault(text);

    private sealed record FieldName(Field Field, Evidence Evidence, params string[] Spellings);
}

/// <summary>What the meaning or the place of a name rests on.</summary>
public enum Evidence
{
    /// <summary>Seen in a real message.</summary>
    Observed,

    /// <summary>Seen in offline files, the REST twin or YANG; its place in the message is inferred.</summary>
    ObservedElsewhere,

    /// <summary>Deduced; stands until a capture says otherwise.</summary>
    Inferred,
}

/// <summary>What a message asks for. The texts on the wire are in <see cref="WireNames"/>.</summary>
public enum RequestType
{
    /// <summary>A type that this gateway does not serve.</summary>
    Unknown,

    Registration,

    Authorization,

    IdCertRenew,

    Deregistration,

    ThirdPartyKey,

    Poll,
}

/// <summary>The fields that are read, by their meaning.</summary>
public enum Field
{
    Signature, SignatureType, SignatureValue, Credential, CredentialValue, Request, Response,
    Header, Version, Locale, Sudi, Timestamp, Nonce, RequestType, ProductInstanceIdentifier, IdCertSerialNumber, SigningCertSerialNumber, RequestData,
    Suvi, Uuid, HostIdentifier, MacAddress, UdiPid, UdiSerialNumber, UdiVid,
    IdToken, Force, Csr, SoftwareTag, HostName, AgentVersion, Capabilities, DeviceList,
    Entitlements, EntitlementVersion, Tag, Count,
    Live, Data, Id, Name, Value, KeyId, ComplianceRequired,
    PollId, Action, Type,
}
