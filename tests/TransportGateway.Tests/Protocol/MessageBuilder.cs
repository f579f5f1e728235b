using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>Builds device messages level by level, so that a test changes one thing and states it.</summary>
internal sealed class MessageBuilder
{
    public const string Nonce = "7648446339161391345";
    public const string InstanceId = "4d47df04-ae89-4df6-bc15-d17c1a3f153f";
    public const string Tag = "regid.2017-04.com.cisco.UCM_Enhanced,12.0_946cef06-3332-4037-9bd3-e4705c2c7ebb";

    private const long Timestamp = 1597792743402;

    private Func<string, string> requestText = text => text;
    private Func<string, string> dataText = text => text;

    private MessageBuilder(string type, JsonObject own)
    {
        Data = new JsonObject
        {
            ["sudi"] = Sudi(),
            ["timestamp"] = Timestamp,
            ["nonce"] = Nonce,
            ["product_instance_identifier"] = InstanceId,
        };
        foreach (var (name, value) in own)
        {
            Data[name] = value?.DeepClone();
        }

        Header = new JsonObject
        {
            ["version"] = "1.3",
            ["locale"] = "en_US.UTF-8",
            ["sudi"] = Sudi(),
            ["timestamp"] = 0,
            ["nonce"] = Nonce,
            ["request_type"] = type,
            ["agent_actions"] = null,
            ["connect_info"] = null,
            ["product_instance_identifier"] = InstanceId,
            ["id_cert_serial_number"] = "16451298",
            ["signing_cert_serial_number"] = "3",
        };
        Request = new JsonObject { ["header"] = Header, ["nonce"] = Nonce };
        Envelope = new JsonObject
        {
            ["signature"] = new JsonObject { ["type"] = "SHA-256", ["value"] = Convert.ToBase64String(new byte[256]) },
            ["credential"] = null,
        };
    }

    public JsonObject Envelope { get; }

    public JsonObject Request { get; }

    public JsonObject Header { get; }

    public JsonObject Data { get; }

    public static MessageBuilder Registration() => new("REGISTRATION", new JsonObject
    {
        ["id_token"] = "ZmYxMWQ2ZGMtOTExMi00ZDA3LTlmMTgtMTIzNDU2Nzg5MGFiLTE2%0AMDAwMDAwMDAwMDB8",
        ["force"] = false,
        ["csr"] = Convert.ToBase64String([0x30, 0x03, 0x02, 0x01, 0x00]),
        ["software_tag_identifier"] = "regid.2016-07.com.cisco.UCM,12.0_00000000-0000-0000-0000-000000000001",
        ["hostname"] = "cucmpub",
        ["agent_version"] = "4.8.2",
        ["capabilities"] = new JsonArray("UTILITY", "DLC", "AppHA"),
        ["device_list"] = new JsonArray(),
        ["ha_udi"] = new JsonArray(),
    });

    public static MessageBuilder Authorization(params (string Tag, int Count)[] entitlements) => new("AUTHORIZATION", new JsonObject
    {
        ["entitlement_version"] = 7,
        ["entitlements"] = new JsonArray([.. entitlements.Select(entitlement =>
            new JsonObject { ["tag"] = entitlement.Tag, ["count"] = entitlement.Count, ["version"] = "1.0" })]),
    });

    public static MessageBuilder Renewal() => new("ID_CERT_RENEW", new JsonObject
    {
        ["csr"] = Convert.ToBase64String([0x30, 0x03, 0x02, 0x01, 0x00]),
    });

    public static MessageBuilder Deregistration() => new("DEREGISTRATION", []);

    public static MessageBuilder Poll() => new("POLL", new JsonObject
    {
        ["poll_id"] = 773126444402795033,
        ["action"] = "authorizations",
        ["type"] = null,
    });

    public static MessageBuilder OfType(string type) => new(type, []);

    /// <summary>One of each kind that is served.</summary>
    public static IEnumerable<MessageBuilder> OneOfEach() =>
        [Registration(), Authorization((Tag, 2)), Renewal(), Deregistration(), Poll()];

    public MessageBuilder With(Action<MessageBuilder> change)
    {
        change(this);
        return this;
    }

    /// <summary>Changes the text of level 2 in ways that a tree of nodes cannot express.</summary>
    public MessageBuilder WithRequestText(Func<string, string> change)
    {
        requestText = change;
        return this;
    }

    /// <summary>Changes the text of level 3 in ways that a tree of nodes cannot express.</summary>
    public MessageBuilder WithDataText(Func<string, string> change)
    {
        dataText = change;
        return this;
    }

    public string ToText()
    {
        if (!Request.ContainsKey("request_data"))
        {
            Request["request_data"] = dataText(Data.ToJsonString());
        }

        if (!Envelope.ContainsKey("request"))
        {
            Envelope["request"] = requestText(Request.ToJsonString());
        }

        return Envelope.ToJsonString();
    }

    public ParsedMessage Parse() => SmartMessageReader.Read(Encoding.UTF8.GetBytes(ToText()));

    public DeviceMessage ParseReadable() => Assert.IsType<ParsedMessage.Readable>(Parse()).Message;

    public ParsedMessage.Refused ParseRefused() => Assert.IsType<ParsedMessage.Refused>(Parse());

    public string ParseUnreadable() => Assert.IsType<ParsedMessage.Unreadable>(Parse()).Reason;

    public T ParseBody<T>()
        where T : RequestBody
    {
        var message = ParseReadable();
        Assert.Null(message.DataProblem);
        return Assert.IsType<T>(message.Body);
    }

    private static JsonObject Sudi() => new()
    {
        ["suvi"] = null,
        ["uuid"] = "0cd5739043bf4318aae467eacec7dbb9",
        ["host_identifier"] = null,
        ["mac_address"] = null,
        ["udi_pid"] = "UCM",
        ["udi_serial_number"] = "cc920",
        ["udi_vid"] = null,
    };
}
