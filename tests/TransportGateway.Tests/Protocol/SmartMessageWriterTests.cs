using System.Text;
using System.Text.Json;
using CsCheck;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

public sealed class SmartMessageWriterTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1710317364123);

    private static readonly DeviceResponse Plain = new()
    {
        Version = "1.1",
        Locale = "en_US.UTF-8",
        Timestamp = Now,
        Nonce = "7648446339161391345",
        RequestType = "DEREGISTRATION",
        ProductInstanceIdentifier = "4d47df04-ae89-4df6-bc15-d17c1a3f153f",
        SigningCertSerialNumber = "3",
        Status = DeviceStatus.Ok,
    };

    private static readonly RegistrationData Registration = new()
    {
        ProductInstanceIdentifier = "id",
        ProductInstanceName = "cucmpub",
        IdCertPem = "-----BEGIN CERTIFICATE-----\nAA+/==\n-----END CERTIFICATE-----\n",
        SigningCertPem = "signing",
        SubCaCertPem = "sub",
        CertChainPem = ["sub", "root"],
        IdCertSerialNumber = "16451298",
        SigningCertSerialNumber = "3",
        SmartAccount = "Lab",
        VirtualAccount = "Default",
        ExportControlAllowed = true,
        RegisteredAt = Now,
        RenewAt = Now.AddDays(180),
        ExpiresAt = Now.AddDays(365),
    };

    [Fact]
    public void The_answer_mirrors_the_request_with_explicit_nulls_in_a_fixed_order() => Assert.Equal(
        """{"header":{"version":"1.1","locale":"en_US.UTF-8","timestamp":1710317364123,"nonce":"7648446339161391345","request_type":"DEREGISTRATION","product_instance_identifier":"4d47df04-ae89-4df6-bc15-d17c1a3f153f","vendor":"Cisco","signing_cert_serial_number":"3","connect_info":{"name":"SSM","version":"1.3","additional":"","prod":false,"capabilities":[]},"agent_actions":null},"status":"OK","message_code":null,"message":null,"nonce":"7648446339161391345","response_data":"{}"}""",
        SmartMessageWriter.WriteResponse(Plain));

    [Fact]
    public void A_refusal_carries_its_errors_hash_as_text_and_empty_data()
    {
        using var response = Written(Plain with
        {
            Status = DeviceStatus.Failed,
            MessageCode = "INVALID",
            Message = RefusalTexts.Token("abc"),
            Locale = null,
            ProductInstanceIdentifier = null,
        });
        Assert.Equal("FAILED", response.RootElement.GetProperty("status").GetString());
        Assert.Equal("INVALID", response.RootElement.GetProperty("message_code").GetString());
        Assert.Equal("""{"token":["The token 'abc' is not valid."]}""", response.RootElement.GetProperty("message").GetString());
        Assert.Equal("{}", response.RootElement.GetProperty("response_data").GetString());
        Assert.Equal(JsonValueKind.Null, response.RootElement.GetProperty("header").GetProperty("locale").ValueKind);
        Assert.Equal(JsonValueKind.Null, response.RootElement.GetProperty("header").GetProperty("product_instance_identifier").ValueKind);
    }

    [Fact]
    public void Capabilities_are_an_array()
    {
        using var response = Written(Plain with { Capabilities = ["OK_TRY_AGAIN"] });
        Assert.Equal(
            """["OK_TRY_AGAIN"]""", response.RootElement.GetProperty("header").GetProperty("connect_info").GetProperty("capabilities").GetRawText());
    }

    [Fact]
    public void A_registration_delivers_certificates_accounts_and_times() => Assert.Equal(
        """{"product_instance_identifier":"id","product_instance_name":"cucmpub","id_cert":"-----BEGIN CERTIFICATE-----\nAA+/==\n-----END CERTIFICATE-----\n","signing_cert":"signing","sub_ca_cert":"sub","cert_chain":["sub","root"],"id_cert_serial_number":"16451298","signing_cert_serial_number":"3","smart_account":"Lab","virtual_account":"Default","export_control_allowed":true,"registered_at":1710317364123,"renew_at":1725869364123,"expires_at":1741853364123}""",
        DataOf(Registration));

    [Fact]
    public void An_authorisation_delivers_a_row_for_each_tag() => Assert.Equal(
        """{"overall_status":"OUT_OF_COMPLIANCE","entitlement_version":7,"entitlements":[{"tag":"a","status":"Out Of Compliance","count":2,"display_name":"UC Manager Basic","description":null,"license_type":"PERPETUAL","enforcement_type":null,"export_status":null,"start_date":1710317364123,"end_date":null,"subscription_id":null}],"smart_account":"Lab","virtual_account":"Default","renew_interval_days":30,"expire_interval_days":90,"next_communication":1710360564123,"communication_deadline":1718093364123}""",
        DataOf(new AuthorizationData
        {
            OverallStatus = AuthorizationData.OutOfCompliance,
            EntitlementVersion = 7,
            Entitlements =
            [
                new EntitlementStatus
                {
                    Tag = "a",
                    Status = EntitlementStatus.OutOfCompliance,
                    Count = 2,
                    DisplayName = "UC Manager Basic",
                    LicenseType = "PERPETUAL",
                    StartDate = Now,
                },
            ],
            SmartAccount = "Lab",
            VirtualAccount = "Default",
            NextCommunication = Now.AddHours(12),
            CommunicationDeadline = Now.AddDays(90),
        }));

    [Fact]
    public void An_authorisation_of_nothing_has_an_empty_list_and_no_version() => Assert.StartsWith(
        """{"overall_status":"NO_LICENSES","entitlement_version":null,"entitlements":[],""",
        DataOf(new AuthorizationData
        {
            OverallStatus = AuthorizationData.NoLicenses,
            Entitlements = [],
            SmartAccount = "Lab",
            VirtualAccount = "Default",
            NextCommunication = Now,
            CommunicationDeadline = Now,
        }),
        StringComparison.Ordinal);

    [Fact]
    public void The_envelope_holds_the_signed_text_unchanged()
    {
        var response = SmartMessageWriter.WriteResponse(Plain with { Data = Registration, Message = "]]> \u2028 \"\\/ é \U0001F600" });
        byte[] signature = [.. Enumerable.Range(0, 256).Select(number => (byte)number)];
        var envelope = SmartMessageWriter.WriteEnvelope(response, signature);
        using var json = JsonDocument.Parse(envelope, new JsonDocumentOptions { AllowDuplicateProperties = false });
        Assert.Equal(["signature", "response"], json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal("SHA-256", json.RootElement.GetProperty("signature").GetProperty("type").GetString());
        Assert.Equal(signature, json.RootElement.GetProperty("signature").GetProperty("value").GetBytesFromBase64());
        Assert.Equal(response, json.RootElement.GetProperty("response").GetString());
    }

    [Fact]
    public void Base64_is_written_without_escapes()
    {
        var envelope = SmartMessageWriter.WriteEnvelope("{}", [0xFB, 0xEF, 0xBE, 0xFF]);
        Assert.Equal("""{"signature":{"type":"SHA-256","value":"++++/w=="},"response":"{}"}""", Encoding.UTF8.GetString(envelope));
    }

    [Fact]
    public void Any_texts_come_back_from_all_three_levels() => Gen.Select(AnyText.Gen, AnyText.Gen, AnyText.Gen).Sample((message, account, nonce) =>
    {
        (message, account, nonce) = (AnyText.WellFormed(message), AnyText.WellFormed(account), AnyText.WellFormed(nonce));
        var response = SmartMessageWriter.WriteResponse(
            Plain with { Message = message, Nonce = nonce, Data = Registration with { SmartAccount = account } });
        using var envelope = JsonDocument.Parse(SmartMessageWriter.WriteEnvelope(response, [1, 2, 3]));
        using var inner = JsonDocument.Parse(envelope.RootElement.GetProperty("response").GetString()!);
        using var data = JsonDocument.Parse(inner.RootElement.GetProperty("response_data").GetString()!);
        return inner.RootElement.GetProperty("message").GetString() == message
            && inner.RootElement.GetProperty("nonce").GetString() == nonce
            && inner.RootElement.GetProperty("header").GetProperty("nonce").GetString() == nonce
            && data.RootElement.GetProperty("smart_account").GetString() == account;
    });

    [Fact]
    public void Half_of_a_surrogate_pair_is_written_as_the_replacement_character()
    {
        using var response = Written(Plain with { Message = "a\ud800b", Data = Registration with { SmartAccount = "\udc00" } });
        Assert.Equal("a\ufffdb", response.RootElement.GetProperty("message").GetString());
    }

    private static JsonDocument Written(DeviceResponse response) => JsonDocument.Parse(SmartMessageWriter.WriteResponse(response));

    private static string DataOf(ResponseData data)
    {
        using var response = Written(Plain with { Data = data });
        return response.RootElement.GetProperty("response_data").GetString()!;
    }
}
