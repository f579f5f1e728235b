using System.Text;

namespace TransportGateway.Simulators.Wire;

/// <summary>Bytes of an HTTP answer in, a typed answer out; no trust involved yet.</summary>
internal static class ReplyReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The licensing text of an HTTP answer on either transport.</summary>
    public static string LicensingText(HttpAnswer answer, DeviceTransport transport)
    {
        if (answer.Status != 200)
        {
            throw new UnverifiableReplyException(VerificationStep.Http, HttpReason(answer, transport));
        }

        if (answer.Body.Length == 0)
        {
            throw new UnverifiableReplyException(VerificationStep.Http, "Received empty response from server");
        }

        return transport == DeviceTransport.CallHome ? CallHomeReply.Unwrap(answer.Body) : Decode(answer.Body);
    }

    public static LicenseReply Read(string text)
    {
        var envelope = StrictJson.Parse(text, "answer");
        var signature = envelope.Object("signature");
        var responseText = envelope.Text("response");
        var response = StrictJson.Parse(responseText, "response");
        var header = ReadHeader(response.Object("header"));
        var status = response.Text("status");
        var dataText = response.Text("response_data");
        return new LicenseReply
        {
            Header = header,
            Status = status,
            MessageCode = response.OptionalText("message_code"),
            Message = response.OptionalText("message"),
            Nonce = response.Text("nonce"),
            SignatureType = signature.Text("type"),
            SignatureValue = signature.Text("value"),
            ResponseText = responseText,
            DataText = dataText,
            Data = ReadData(header.RequestType, status, StrictJson.Parse(dataText, "response_data")),
        };
    }

    private static string HttpReason(HttpAnswer answer, DeviceTransport transport)
    {
        var said = transport == DeviceTransport.CallHome ? CallHomeReply.FaultReason(answer.Body) : null;
        said ??= answer.Body.Length is > 0 and <= 500 ? Encoding.UTF8.GetString(answer.Body).ReplaceLineEndings(" ").Trim() : null;
        return $"the gateway answered HTTP {answer.Status}" + (string.IsNullOrEmpty(said) ? "" : $": {said}");
    }

    private static string Decode(byte[] body)
    {
        try
        {
            return Strict.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            throw new UnverifiableReplyException(VerificationStep.Json, "the answer is not UTF-8");
        }
    }

    private static ReplyHeader ReadHeader(StrictJson header) => new()
    {
        Version = header.Text("version"),
        Timestamp = header.Instant("timestamp").ToUnixTimeMilliseconds(),
        Nonce = header.Text("nonce"),
        RequestType = header.Text("request_type"),
        ProductInstanceIdentifier = header.OptionalText("product_instance_identifier"),
        SigningCertSerialNumber = header.OptionalText("signing_cert_serial_number"),
        Vendor = header.Text("vendor"),
        ConnectInfo = header.OptionalObject("connect_info") is { } info
            ? new ConnectInfo(info.Text("name"), info.Text("version"), info.Boolean("prod"), info.Texts("capabilities"))
            : null,
    };

    private static ReplyData ReadData(string requestType, string status, StrictJson data) => (status, requestType) switch
    {
        (ReplyWords.OkPoll, _) => new ReplyData.Polling(
            data.Integer("poll_id"), TimeSpan.FromSeconds(data.Integer("poll_interval")), data.OptionalText("action")),
        (not ReplyWords.Ok, _) => new ReplyData.Empty(),
        (_, RequestType.Registration or RequestType.IdCertRenew) => new ReplyData.Registration
        {
            ProductInstanceIdentifier = data.Text("product_instance_identifier"),
            ProductInstanceName = data.OptionalText("product_instance_name"),
            IdCertificate = data.Text("id_cert"),
            SigningCertificate = data.Text("signing_cert"),
            SubCaCertificate = data.Text("sub_ca_cert"),
            CertificateChain = data.Texts("cert_chain"),
            IdCertSerialNumber = data.Text("id_cert_serial_number"),
            SigningCertSerialNumber = data.Text("signing_cert_serial_number"),
            SmartAccount = data.Text("smart_account"),
            VirtualAccount = data.Text("virtual_account"),
            ExportControlAllowed = data.Boolean("export_control_allowed"),
            RegisteredAt = data.Instant("registered_at"),
            RenewAt = data.Instant("renew_at"),
            ExpiresAt = data.Instant("expires_at"),
        },
        (_, RequestType.Authorization) => new ReplyData.Authorization
        {
            OverallStatus = data.Text("overall_status"),
            EntitlementVersion = data.OptionalCount("entitlement_version"),
            Entitlements = [.. data.Objects("entitlements").Select(ReadEntitlement)],
            SmartAccount = data.OptionalText("smart_account"),
            VirtualAccount = data.OptionalText("virtual_account"),
            RenewIntervalDays = data.Count("renew_interval_days"),
            ExpireIntervalDays = data.Count("expire_interval_days"),
            NextCommunication = data.Instant("next_communication"),
            CommunicationDeadline = data.Instant("communication_deadline"),
        },
        (_, RequestType.ThirdPartyKey) => new ReplyData.ThirdPartyKeys([.. data.Objects("data").Select(
            key => new ThirdPartyKey(key.Integer("id"), key.Text("name"), key.Text("value"), key.Count("key_id")))]),
        _ => new ReplyData.Empty(),
    };

    private static AuthorizedEntitlement ReadEntitlement(StrictJson entitlement) => new()
    {
        Tag = entitlement.Text("tag"),
        Status = entitlement.Text("status"),
        Count = entitlement.Count("count"),
        DisplayName = entitlement.OptionalText("display_name"),
        Description = entitlement.OptionalText("description"),
        LicenseType = entitlement.OptionalText("license_type"),
        EnforcementType = entitlement.OptionalText("enforcement_type"),
        ExportStatus = entitlement.OptionalText("export_status"),
    };
}
