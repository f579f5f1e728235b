using System.Text.Json.Nodes;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>Level 3 by type. Bad values are kept for after the signature check.</summary>
public sealed class RequestBodyTests
{
    private static readonly byte[] Der = [0x30, 0x03, 0x02, 0x01, 0x00];

    [Fact]
    public void A_registration_is_read_field_by_field()
    {
        var body = MessageBuilder.Registration().With(message =>
        {
            message.Data["force"] = true;
            message.Data["device_list"] = new JsonArray(new JsonObject
            {
                ["sudi"] = new JsonObject { ["udi_pid"] = "C9300", ["udi_serial_number"] = "S2" },
                ["software_tag_identifier"] = "tag2",
                ["hostname"] = null,
            });
            message.Data["ha_udi"] = new JsonArray(new JsonObject
            {
                ["role"] = "Standby",
                ["sudi"] = new JsonObject { ["udi_pid"] = "C9300", ["udi_serial_number"] = "S3" },
            });
        }).ParseBody<RegistrationBody>();
        Assert.Equal("ZmYxMWQ2ZGMtOTExMi00ZDA3LTlmMTgtMTIzNDU2Nzg5MGFiLTE2%0AMDAwMDAwMDAwMDB8", body.IdToken);
        Assert.True(body.Force);
        Assert.Equal(Der, body.SigningRequestDer);
        Assert.Equal("regid.2016-07.com.cisco.UCM,12.0_00000000-0000-0000-0000-000000000001", body.SoftwareTag);
        Assert.Equal("cucmpub", body.HostName);
        Assert.Equal("4.8.2", body.AgentVersion);
        Assert.Equal(["UTILITY", "DLC", "AppHA"], body.Capabilities);
        Assert.Equal(
            new DeviceListEntry(new Sudi(null, null, null, null, "C9300", "S2", null), "tag2", null), Assert.Single(body.Devices));
        Assert.Equal(new HaMember("Standby", new Sudi(null, null, null, null, "C9300", "S3", null)), Assert.Single(body.HaMembers));
    }

    [Fact]
    public void What_a_registration_need_not_say_may_be_left_out()
    {
        var body = MessageBuilder.Registration().With(message =>
        {
            foreach (var field in new[] { "force", "hostname", "agent_version", "capabilities", "device_list", "ha_udi", "sudi" })
            {
                message.Data.Remove(field);
            }
        }).ParseBody<RegistrationBody>();
        Assert.False(body.Force);
        Assert.Null(body.HostName);
        Assert.Empty(body.Capabilities);
        Assert.Empty(body.Devices);
    }

    [Fact]
    public void Before_registration_there_is_no_identifier_and_no_certificate()
    {
        var header = MessageBuilder.Registration().With(message =>
        {
            message.Header["product_instance_identifier"] = null;
            message.Header["id_cert_serial_number"] = null;
            message.Header.Remove("signing_cert_serial_number");
            message.Data["product_instance_identifier"] = null;
        }).ParseReadable().Header;
        Assert.Null(header.ProductInstanceIdentifier);
        Assert.Null(header.IdCertSerialNumber);
        Assert.Null(header.SigningCertSerialNumber);
    }

    [Theory]
    [InlineData("MAMCAQA=")]
    [InlineData("MAMC\nAQA=\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nMAMCAQA=\n-----END CERTIFICATE REQUEST-----\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\r\nMAMC\r\nAQA=\r\n-----END CERTIFICATE REQUEST-----")]
    [InlineData("-----BEGIN NEW CERTIFICATE REQUEST-----\nMAMCAQA=\n-----END NEW CERTIFICATE REQUEST-----\n")]
    public void A_signing_request_may_be_PEM_or_bare_base64(string csr)
    {
        Assert.Equal(Der, MessageBuilder.Registration().With(message => message.Data["csr"] = csr).ParseBody<RegistrationBody>().SigningRequestDer);
        Assert.Equal(Der, MessageBuilder.Renewal().With(message => message.Data["csr"] = csr).ParseBody<IdCertRenewBody>().SigningRequestDer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MAMCAQA")]
    [InlineData("not base64")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nMAMC")]
    public void A_signing_request_that_is_neither_is_a_problem_for_after_the_signature_check(string csr)
    {
        var message = MessageBuilder.Registration().With(message => message.Data["csr"] = csr).ParseReadable();
        Assert.Equal(
            """{"csr":["The field request_data.csr is neither PEM nor base64 of a signing request."]}""", message.DataProblem);
        Assert.Null(Assert.IsType<RegistrationBody>(message.Body).SigningRequestDer);
        Assert.Null(Assert.IsType<IdCertRenewBody>(MessageBuilder.Renewal().With(message => message.Data["csr"] = csr).ParseReadable().Body).SigningRequestDer);
    }

    [Fact]
    public void A_registration_with_another_bad_value_still_has_its_signing_request()
    {
        var message = MessageBuilder.Registration().With(message => message.Data["force"] = "yes").ParseReadable();
        Assert.Equal("""{"force":["The field request_data.force must be true or false."]}""", message.DataProblem);
        Assert.Equal(Der, Assert.IsType<RegistrationBody>(message.Body).SigningRequestDer);
    }

    [Fact]
    public void A_token_keeps_its_line_ends_for_the_lookup_to_trim()
    {
        var body = MessageBuilder.Registration().With(message => message.Data["id_token"] = "abc\r\n").ParseBody<RegistrationBody>();
        Assert.Equal("abc\r\n", body.IdToken);
    }

    [Fact]
    public void A_token_of_more_than_255_characters_is_refused()
    {
        var message = MessageBuilder.Registration().With(message => message.Data["id_token"] = new string('a', 256)).ParseReadable();
        Assert.Equal("""{"id_token":["The field request_data.id_token is longer than 255 characters."]}""", message.DataProblem);
    }

    [Fact]
    public void A_credential_with_the_same_token_changes_nothing_and_another_is_refused()
    {
        var token = MessageBuilder.Registration().Data["id_token"]!.GetValue<string>();
        Assert.Null(With(token).DataProblem);
        Assert.Null(With($" {token}\n").DataProblem);
        Assert.Null(With(token, "CCO_ID").DataProblem);
        foreach (var (other, type) in new (JsonNode, string)[] { ("other", "ID_TOKEN"), (token + "\u0001", "ID_TOKEN"), (new string('x', 300), "ID_TOKEN"), ("other", "CCO_ID"), (7, "ID_TOKEN") })
        {
            Assert.Equal("""{"token":["The credential and the field request_data.id_token hold different tokens."]}""", With(other, type).DataProblem);
        }

        static DeviceMessage With(JsonNode token, string type = "ID_TOKEN") => MessageBuilder.Registration()
            .With(message => message.Envelope["credential"] = new JsonObject { ["type"] = type, ["value"] = token }).ParseReadable();
    }

    [Fact]
    public void A_credential_alone_is_no_token_since_no_signature_covers_it()
    {
        var refused = MessageBuilder.Registration().With(message =>
        {
            message.Data.Remove("id_token");
            message.Envelope["credential"] = new JsonObject { ["type"] = "ID_TOKEN", ["value"] = "abc" };
        }).ParseRefused();
        Assert.Equal("""{"id_token":["The field request_data.id_token is missing."]}""", refused.Message);
    }

    [Fact]
    public void A_registration_does_not_print_its_token()
    {
        var body = MessageBuilder.Registration().ParseBody<RegistrationBody>();
        Assert.DoesNotContain(body.IdToken, body.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(body.IdToken, MessageBuilder.Registration().ParseReadable().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_authorisation_is_read_row_by_row()
    {
        var body = MessageBuilder.Authorization(("a", 1), ("b", 0), ("c", int.MaxValue)).ParseBody<AuthorizationBody>();
        Assert.Equal(7, body.EntitlementVersion);
        Assert.Equal(
            [new EntitlementRequest("a", 1, "1.0"), new EntitlementRequest("b", 0, "1.0"), new EntitlementRequest("c", int.MaxValue, "1.0")],
            body.Entitlements);
    }

    [Fact]
    public void An_authorisation_may_list_nothing_and_have_no_version()
    {
        var body = MessageBuilder.Authorization().With(message => message.Data["entitlement_version"] = null).ParseBody<AuthorizationBody>();
        Assert.Null(body.EntitlementVersion);
        Assert.Empty(body.Entitlements);
    }

    [Fact]
    public void A_tag_may_be_called_entitlement_as_in_the_REST_twin()
    {
        var body = MessageBuilder.Authorization()
            .With(message => message.Data["entitlements"] = new JsonArray(new JsonObject { ["entitlement"] = "a", ["count"] = 1 }))
            .ParseBody<AuthorizationBody>();
        Assert.Equal(new EntitlementRequest("a", 1, null), Assert.Single(body.Entitlements));
    }

    [Fact]
    public void Two_spellings_of_one_field_are_that_field_given_twice()
    {
        var message = MessageBuilder.Authorization()
            .With(message => message.Data["entitlements"] = new JsonArray(new JsonObject { ["entitlement"] = "a", ["tag"] = "b", ["count"] = 1 }))
            .ParseReadable();
        Assert.Equal("""{"tag":["The field request_data.entitlements[0].tag is given twice."]}""", message.DataProblem);
        Assert.IsType<UnknownBody>(message.Body);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("2147483648")]
    [InlineData("1.5")]
    [InlineData("1.0")]
    [InlineData("1e2")]
    [InlineData("\"1\"")]
    [InlineData("true")]
    [InlineData("[]")]
    public void A_count_that_is_no_integer_from_0_to_2147483647_is_a_problem_and_nothing_is_listed(string count)
    {
        var message = MessageBuilder.Authorization(("a", 1), ("b", 1))
            .With(message => message.Data["entitlements"]![1]!["count"] = JsonNode.Parse(count)).ParseReadable();
        Assert.Equal(
            """{"count":["The field request_data.entitlements[1].count must be an integer from 0 to 2147483647."]}""", message.DataProblem);
        Assert.IsType<UnknownBody>(message.Body);
    }

    [Fact]
    public void A_tag_listed_twice_is_a_problem_and_nothing_is_listed()
    {
        var message = MessageBuilder.Authorization(("a", 1), ("b", 1), ("a", 1)).ParseReadable();
        Assert.Equal("""{"entitlements":["The tag a is listed twice."]}""", message.DataProblem);
        Assert.IsType<UnknownBody>(message.Body);
    }

    [Theory]
    [InlineData("{}", "must be an array.")]
    [InlineData("[5]", "must hold objects only.")]
    public void Entitlements_of_another_shape_are_a_problem(string json, string problem)
    {
        var message = MessageBuilder.Authorization().With(message => message.Data["entitlements"] = JsonNode.Parse(json)).ParseReadable();
        Assert.Equal($$"""{"entitlements":["The field request_data.entitlements {{problem}}"]}""", message.DataProblem);
    }

    [Fact]
    public void At_most_4096_entitlements_are_read()
    {
        Assert.Equal(4096, MessageBuilder.Authorization(Many(4096)).ParseBody<AuthorizationBody>().Entitlements.Count);
        Assert.Equal(
            """{"entitlements":["The field request_data.entitlements holds more than 4096 members."]}""",
            MessageBuilder.Authorization(Many(4097)).ParseReadable().DataProblem);

        static (string Tag, int Count)[] Many(int count) => [.. Enumerable.Range(0, count).Select(number => ($"tag{number}", 1))];
    }

    [Fact]
    public void Capabilities_must_be_strings()
    {
        var message = MessageBuilder.Registration().With(message => message.Data["capabilities"] = new JsonArray("DLC", 5)).ParseReadable();
        Assert.Equal(
            """{"capabilities":["The field request_data.capabilities must hold strings of at most 255 characters only."]}""", message.DataProblem);
    }

    [Fact]
    public void A_third_party_key_request_may_leave_out_what_is_not_needed()
    {
        var body = MessageBuilder.OfType("THIRD_PARTY_KEY")
            .With(message => message.Data["data"] = new JsonArray(new JsonObject { ["value"] = "tag" })).ParseBody<ThirdPartyKeyBody>();
        Assert.Equal(new ThirdPartyKeyItem(0, null, "tag", null, null, 0), Assert.Single(body.Items));
        Assert.False(body.Live);
    }

    [Fact]
    public void A_poll_id_may_be_beyond_what_a_double_holds()
    {
        Assert.Equal(new PollBody(773126444402795033, "authorizations", null), MessageBuilder.Poll().ParseBody<PollBody>());
        Assert.Equal(
            """{"poll_id":["The field request_data.poll_id must be an integer from -9223372036854775808 to 9223372036854775807."]}""",
            MessageBuilder.Poll().With(message => message.Data["poll_id"] = "7").ParseReadable().DataProblem);
    }

    [Theory]
    [InlineData("TRUST")]
    [InlineData("USAGE_REPORT")]
    [InlineData("registration")]
    [InlineData("")]
    [InlineData("SOMETHING_NEW")]
    public void An_unknown_type_is_readable_so_that_its_signature_can_be_checked(string type)
    {
        var message = MessageBuilder.OfType(type).ParseReadable();
        Assert.Equal(RequestType.Unknown, message.Header.RequestType);
        Assert.Equal(type, message.Header.RequestTypeText);
        Assert.IsType<UnknownBody>(message.Body);
        Assert.Null(message.DataProblem);
    }

    [Fact]
    public void A_deregistration_needs_nothing_of_its_own() =>
        Assert.NotNull(MessageBuilder.Deregistration().ParseBody<DeregistrationBody>());

    [Theory]
    [InlineData("1", "2", "2")]
    [InlineData("2", "1", "2")]
    [InlineData("2", "2", "1")]
    public void Nonces_that_differ_are_seen(string header, string request, string data)
    {
        var message = MessageBuilder.Deregistration().With(message =>
        {
            message.Header["nonce"] = header;
            message.Request["nonce"] = request;
            message.Data["nonce"] = data;
        }).ParseReadable();
        Assert.False(message.NoncesAgree);
        Assert.Equal(header, message.Header.Nonce);
    }

    [Fact]
    public void An_identity_in_the_data_that_disagrees_with_the_header_is_seen()
    {
        Assert.False(With(message => message.Data["product_instance_identifier"] = "other"));
        Assert.False(With(message => message.Data["sudi"]!["udi_serial_number"] = "other"));
        Assert.True(With(message => message.Data["sudi"]!["udi_serial_number"] = null));
        Assert.True(With(message => message.Data.Remove("sudi")));
        Assert.True(With(message => message.Data["product_instance_identifier"] = null));

        static bool With(Action<MessageBuilder> change) => MessageBuilder.Deregistration().With(change).ParseReadable().IdentitiesAgree;
    }
}
