using System.Text.Json.Nodes;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>What is refused before the signature is looked at: version and required fields. The answer echoes the header.</summary>
public sealed class RefusedMessageTests
{
    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("1.3")]
    [InlineData("1.10")]
    [InlineData("1.999")]
    [InlineData("1")]
    public void Every_version_1_is_served(string version) =>
        Assert.Equal(version, MessageBuilder.Deregistration().With(message => message.Header["version"] = version).ParseReadable().Header.Version);

    [Theory]
    [InlineData("2.0")]
    [InlineData("2")]
    [InlineData("10.1")]
    public void A_higher_major_version_is_too_high(string version)
    {
        var refused = MessageBuilder.Deregistration().With(message => message.Header["version"] = version).ParseRefused();
        Assert.Equal("VERSION_TOO_HIGH", refused.Status);
        Assert.Equal($"The message version {version} is higher than this server speaks. Use version 1.3 or a lower 1.x.", refused.Message);
        Assert.Equal(version, refused.Header.Version);
        Assert.Equal(MessageBuilder.Nonce, refused.Header.Nonce);
    }

    [Fact]
    public void A_version_that_is_too_high_is_said_before_anything_else_is_looked_at()
    {
        var refused = MessageBuilder.Deregistration().With(message =>
        {
            message.Header["version"] = "2.0";
            message.Header["request_type"] = new JsonObject();
            message.Header["timestamp"] = "now";
            message.Request["request_data"] = 5;
        }).ParseRefused();
        Assert.Equal("VERSION_TOO_HIGH", refused.Status);
    }

    [Fact]
    public void A_lower_major_version_fails()
    {
        var refused = MessageBuilder.Deregistration().With(message => message.Header["version"] = "0.9").ParseRefused();
        Assert.Equal("FAILED", refused.Status);
        Assert.Equal("The message version 0.9 is lower than this server speaks. Use version 1.3 or a lower 1.x.", refused.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("one")]
    [InlineData("1.")]
    [InlineData(".1")]
    [InlineData("1.1.1")]
    [InlineData("-1.1")]
    [InlineData("1.99999999999")]
    [InlineData("1,1")]
    public void A_version_that_is_no_number_fails(string version)
    {
        var refused = MessageBuilder.Deregistration().With(message => message.Header["version"] = version).ParseRefused();
        Assert.Equal("FAILED", refused.Status);
        Assert.Equal("""{"version":["The field header.version must be a number such as 1.3."]}""", refused.Message);
    }

    [Theory]
    [InlineData("header.version")]
    [InlineData("header.request_type")]
    [InlineData("nonce")]
    [InlineData("request_data")]
    [InlineData("request_data.timestamp")]
    [InlineData("request_data.nonce")]
    public void A_required_field_that_is_missing_or_null_is_named(string path)
    {
        foreach (var remove in new[] { true, false })
        {
            var refused = MessageBuilder.Deregistration().With(message => RemoveOrClear(message, path, remove)).ParseRefused();
            Assert.Equal("FAILED", refused.Status);
            Assert.Equal($$"""{"{{path.Split('.')[^1]}}":["The field {{path}} is missing."]}""", refused.Message);
            Assert.Equal(MessageBuilder.Nonce, refused.Header.Nonce);
            Assert.Equal(MessageBuilder.InstanceId, refused.Header.ProductInstanceIdentifier);
        }
    }

    [Theory]
    [InlineData("REGISTRATION", "id_token")]
    [InlineData("REGISTRATION", "csr")]
    [InlineData("REGISTRATION", "software_tag_identifier")]
    [InlineData("AUTHORIZATION", "entitlements")]
    [InlineData("ID_CERT_RENEW", "csr")]
    [InlineData("POLL", "poll_id")]
    public void The_own_fields_of_a_type_are_required(string type, string field)
    {
        var builder = MessageBuilder.OneOfEach().Single(message => message.Header["request_type"]!.GetValue<string>() == type);
        var refused = builder.With(message => message.Data.Remove(field)).ParseRefused();
        Assert.Equal("FAILED", refused.Status);
        Assert.Equal($$"""{"{{field}}":["The field request_data.{{field}} is missing."]}""", refused.Message);
        Assert.Equal(type, refused.Header.RequestTypeText);
    }

    [Theory]
    [InlineData("tag")]
    [InlineData("count")]
    public void The_fields_of_a_row_are_required(string field)
    {
        var refused = MessageBuilder.Authorization(("a", 1), ("b", 2))
            .With(message => message.Data["entitlements"]![1]!.AsObject().Remove(field)).ParseRefused();
        Assert.Equal($$"""{"{{field}}":["The field request_data.entitlements[1].{{field}} is missing."]}""", refused.Message);
    }

    [Fact]
    public void Data_that_is_no_JSON_object_fails_with_the_place()
    {
        Assert.Equal(
            "The field request_data is not readable as JSON (line 1, byte 2).",
            MessageBuilder.Deregistration().With(message => message.Request["request_data"] = "{").ParseRefused().Message);
        Assert.Equal(
            "The field request_data is not a JSON object.",
            MessageBuilder.Deregistration().With(message => message.Request["request_data"] = "[]").ParseRefused().Message);
        Assert.Equal(
            """{"request_data":["The field request_data must be a string."]}""",
            MessageBuilder.Deregistration().With(message => message.Request["request_data"] = new JsonObject()).ParseRefused().Message);
    }

    [Theory]
    [InlineData(15, false)]
    [InlineData(16, true)]
    [InlineData(100_000, true)]
    public void The_data_may_be_nested_sixteen_deep(int arrays, bool refused)
    {
        var nested = $"{{\"more\":{new string('[', arrays)}{new string(']', arrays)},";
        var parsed = MessageBuilder.Deregistration().WithDataText(text => nested + text[1..]).Parse();
        Assert.Equal(refused, parsed is ParsedMessage.Refused);
    }

    [Fact]
    public void A_key_given_twice_in_the_request_fails_and_echoes_what_is_not_in_doubt()
    {
        var refused = MessageBuilder.Deregistration()
            .WithRequestText(text => text.Replace("\"locale\":", "\"request_type\":\"POLL\",\"locale\":", StringComparison.Ordinal))
            .ParseRefused();
        Assert.Equal("FAILED", refused.Status);
        Assert.Equal("The field request has the key request_type twice in one object.", refused.Message);
        Assert.Equal(MessageBuilder.Nonce, refused.Header.Nonce);
        Assert.Equal(MessageBuilder.InstanceId, refused.Header.ProductInstanceIdentifier);
        Assert.Equal(string.Empty, refused.Header.RequestTypeText);
        Assert.Equal(RequestType.Unknown, refused.Header.RequestType);
    }

    [Fact]
    public void A_key_given_twice_in_the_data_fails()
    {
        var refused = MessageBuilder.Authorization(("a", 1))
            .WithDataText(text => text.Replace("\"count\":1", "\"count\":1,\"count\":2", StringComparison.Ordinal)).ParseRefused();
        Assert.Equal("The field request_data has the key count twice in one object.", refused.Message);
    }

    [Fact]
    public void A_key_given_twice_is_seen_through_escapes()
    {
        var refused = MessageBuilder.Authorization(("a", 1))
            .WithDataText(text => text.Replace("\"count\":1", "\"count\":1,\"\\u0063ount\":2", StringComparison.Ordinal)).ParseRefused();
        Assert.Equal("The field request_data has the key count twice in one object.", refused.Message);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("\"1597792743402\"")]
    [InlineData("9223372036854775808")]
    [InlineData("253402300800000")]
    public void The_time_of_the_data_must_be_a_time(string json)
    {
        var refused = MessageBuilder.Deregistration().With(message => message.Data["timestamp"] = JsonNode.Parse(json)).ParseRefused();
        Assert.Equal(
            """{"timestamp":["The field request_data.timestamp must be an integer from 0 to 253402300799999."]}""", refused.Message);
    }

    [Fact]
    public void A_header_field_of_the_wrong_kind_fails()
    {
        Assert.Equal(
            """{"id_cert_serial_number":["The field header.id_cert_serial_number must be a string."]}""",
            MessageBuilder.Deregistration().With(message => message.Header["id_cert_serial_number"] = 16451298).ParseRefused().Message);
        Assert.Equal(
            """{"sudi":["The field header.sudi must be an object."]}""",
            MessageBuilder.Deregistration().With(message => message.Header["sudi"] = "UCM").ParseRefused().Message);
        Assert.Equal(
            """{"udi_pid":["The field header.sudi.udi_pid must be a string."]}""",
            MessageBuilder.Deregistration().With(message => message.Header["sudi"]!["udi_pid"] = 5).ParseRefused().Message);
    }

    [Fact]
    public void Texts_are_bounded_and_hold_no_control_characters()
    {
        Assert.Equal(
            """{"locale":["The field header.locale is longer than 255 characters."]}""",
            MessageBuilder.Deregistration().With(message => message.Header["locale"] = new string('x', 256)).ParseRefused().Message);
        Assert.Equal(
            """{"locale":["The field header.locale holds a control character."]}""",
            MessageBuilder.Deregistration().With(message => message.Header["locale"] = "en\0US").ParseRefused().Message);
        Assert.Equal(
            """{"locale":["The field header.locale holds half of a surrogate pair."]}""",
            MessageBuilder.Deregistration()
                .WithRequestText(text => text.Replace("en_US.UTF-8", "\\ud83d", StringComparison.Ordinal)).ParseRefused().Message);
        Assert.Equal(255, MessageBuilder.Deregistration()
            .With(message => message.Header["locale"] = new string('x', 255)).ParseReadable().Header.Locale!.Length);
    }

    private static void RemoveOrClear(MessageBuilder message, string path, bool remove)
    {
        var parent = path.Split('.') switch
        {
            ["header", _] => message.Header,
            ["request_data", _] => message.Data,
            _ => message.Request,
        };
        var field = path.Split('.')[^1];
        if (!remove)
        {
            parent[field] = null;
        }
        else if (field == "request_data")
        {
            message.WithRequestText(text =>
            {
                var request = JsonNode.Parse(text)!.AsObject();
                request.Remove("request_data");
                return request.ToJsonString();
            });
        }
        else
        {
            parent.Remove(field);
        }
    }
}
