using System.Text;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>The one real message that is public, field by field.</summary>
public sealed class PublishedMessageTests
{
    private static readonly DeviceMessage Message =
        Assert.IsType<ParsedMessage.Readable>(SmartMessageReader.Read(Samples.ThirdPartyKey)).Message;

    [Fact]
    public void The_envelope_has_a_signature_of_an_RSA_key_with_2048_bits()
    {
        Assert.Equal("SHA-256", Message.Envelope.SignatureType);
        Assert.Equal(256, Message.Envelope.Signature.Length);
        Assert.Equal([0x3D, 0xFF, 0x4F, 0x38], Message.Envelope.Signature[..4]);
        Assert.Null(Message.Envelope.CredentialToken);
    }

    [Fact]
    public void The_request_is_kept_exactly_as_it_was_signed()
    {
        Assert.StartsWith("""{"header":{"version":"1.1","locale":"en_US.UTF-8",""", Message.Envelope.Request, StringComparison.Ordinal);
        Assert.EndsWith("""\"compliance_required\":true}"}""", Message.Envelope.Request, StringComparison.Ordinal);

        // Escaped once more it must be the bytes that were received.
        var escaped = Message.Envelope.Request.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        Assert.Contains($"\"request\":\"{escaped}\"}}", Samples.ThirdPartyKeyText, StringComparison.Ordinal);
    }

    [Fact]
    public void The_header_is_read_field_by_field()
    {
        var sudi = new Sudi(
            null, "0cd5739043bf4318aae467eacec7dbb9", null, null, "Cisco Unity Connection", "0cd5739043bf4318aae467eacec", null);
        Assert.Equal(
            new RequestHeader(
                "1.1",
                "en_US.UTF-8",
                sudi,
                0,
                "7648446339161391345",
                "THIRD_PARTY_KEY",
                RequestType.ThirdPartyKey,
                "4d47df04-ae89-4df6-bc15-d17c1a3f153f",
                "16451298",
                "3"),
            Message.Header);
        Assert.Equal(sudi, Message.Device);
    }

    [Fact]
    public void The_members_that_all_data_share_are_read()
    {
        Assert.Equal("7648446339161391345", Message.RequestNonce);
        Assert.Equal("7648446339161391345", Message.DataNonce);
        Assert.Equal(1597792743402, Message.DataTimestamp);
        Assert.Equal(Message.Header.Sudi, Message.DataSudi);
        Assert.Equal("4d47df04-ae89-4df6-bc15-d17c1a3f153f", Message.DataProductInstanceIdentifier);
        Assert.Null(Message.DataProblem);
        Assert.True(Message.NoncesAgree);
        Assert.True(Message.IdentitiesAgree);
    }

    [Fact]
    public void The_wanted_key_is_read()
    {
        var body = Assert.IsType<ThirdPartyKeyBody>(Message.Body);
        Assert.True(body.Live);
        Assert.True(body.ComplianceRequired);
        Assert.Equal(
            new ThirdPartyKeyItem(
                2017844434,
                "VOUCHER_CODE",
                "regid.2017-04.com.cisco.CUC_SpeechView,12.0_946cef06-3332-4037-9bd3-e4705c2c7ebb",
                "NUANCE",
                "GENERATE",
                0),
            Assert.Single(body.Items));
    }

    [Fact]
    public void It_reads_the_same_after_a_byte_order_mark()
    {
        byte[] marked = [0xEF, 0xBB, 0xBF, .. Samples.ThirdPartyKey];
        Assert.Equal(Message.Envelope.Request, Assert.IsType<ParsedMessage.Readable>(SmartMessageReader.Read(marked)).Message.Envelope.Request);
    }

    [Fact]
    public void It_reads_the_same_with_blanks_between_the_members_of_the_envelope()
    {
        var spaced = Samples.ThirdPartyKeyText.Replace("\",\"request\":", "\" ,\r\n\t\"request\" : ", StringComparison.Ordinal)
            .Replace("null,\"request\":", "null , \"request\" :\n ", StringComparison.Ordinal) + "\r\n";
        Assert.NotEqual(Samples.ThirdPartyKeyText, spaced);
        var parsed = Assert.IsType<ParsedMessage.Readable>(SmartMessageReader.Read(Encoding.UTF8.GetBytes(spaced)));
        Assert.Equal(Message.Envelope.Request, parsed.Message.Envelope.Request);
    }
}
