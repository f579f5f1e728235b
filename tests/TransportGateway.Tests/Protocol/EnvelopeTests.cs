using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>Level 1 beyond the request: what a signature and a credential may look like.</summary>
public sealed class EnvelopeTests
{
    [Fact]
    public void A_missing_signature_is_left_to_the_signature_check()
    {
        foreach (var signature in new JsonNode?[] { null, "abc", 5, new JsonArray(), new JsonObject() })
        {
            var envelope = MessageBuilder.Deregistration().With(message => message.Envelope["signature"] = signature).ParseReadable().Envelope;
            Assert.Equal(string.Empty, envelope.SignatureType);
            Assert.Empty(envelope.Signature);
        }

        Assert.Empty(MessageBuilder.Deregistration().With(message => message.Envelope.Remove("signature")).ParseReadable().Envelope.Signature);
    }

    [Theory]
    [InlineData("")]
    [InlineData("%%%")]
    [InlineData("AAA")]
    [InlineData("\ud83d\ude00")]
    public void A_signature_that_is_not_base64_is_empty(string value)
    {
        var envelope = MessageBuilder.Deregistration().With(message => message.Envelope["signature"]!["value"] = value).ParseReadable().Envelope;
        Assert.Empty(envelope.Signature);
        Assert.Equal("SHA-256", envelope.SignatureType);
    }

    [Fact]
    public void A_signature_with_half_of_a_surrogate_pair_is_empty()
    {
        var text = MessageBuilder.Deregistration().ToText().Replace("\"value\":\"", "\"value\":\"\\ud800", StringComparison.Ordinal);
        var parsed = SmartMessageReader.Read(Encoding.UTF8.GetBytes(text));
        Assert.Empty(Assert.IsType<ParsedMessage.Readable>(parsed).Message.Envelope.Signature);
    }

    [Fact]
    public void A_signature_of_more_than_4096_bits_is_empty()
    {
        Assert.Equal(512, With(new byte[512]).Signature.Length);
        Assert.Empty(With(new byte[513]).Signature);

        static SignedEnvelope With(byte[] signature) => MessageBuilder.Deregistration()
            .With(message => message.Envelope["signature"]!["value"] = Convert.ToBase64String(signature)).ParseReadable().Envelope;
    }

    [Fact]
    public void The_signature_type_is_handed_on_as_it_stands()
    {
        var envelope = MessageBuilder.Deregistration().With(message => message.Envelope["signature"]!["type"] = "SHA-1").ParseReadable().Envelope;
        Assert.Equal("SHA-1", envelope.SignatureType);
    }

    [Fact]
    public void A_credential_may_carry_the_token()
    {
        Assert.Equal("abc", With(new JsonObject { ["type"] = "ID_TOKEN", ["value"] = "abc" }));
        Assert.Equal("abc", With(new JsonObject { ["type"] = "CCO_ID", ["value"] = "abc" }));
        Assert.Equal("abc", With(new JsonObject { ["value"] = "abc" }));
        Assert.Equal("7", With(new JsonObject { ["type"] = "ID_TOKEN", ["value"] = 7 }));
        Assert.Equal(258, With(new JsonObject { ["type"] = "ID_TOKEN", ["value"] = new string('x', 256) })!.Length);
        Assert.Null(With(new JsonObject { ["type"] = "ID_TOKEN", ["value"] = null }));
        Assert.Null(With(new JsonObject()));
        Assert.Null(With("abc"));
        Assert.Null(With(null));

        static string? With(JsonNode? credential) =>
            MessageBuilder.Deregistration().With(message => message.Envelope["credential"] = credential).ParseReadable().Envelope.CredentialToken;
    }

    [Fact]
    public void Unknown_keys_are_ignored_at_every_level()
    {
        var message = MessageBuilder.Deregistration().With(message =>
        {
            message.Envelope["new"] = new JsonArray(1, null);
            message.Request["new"] = "x";
            message.Header["new"] = new JsonObject { ["nonce"] = 5 };
            message.Data["new"] = 1.5;
            message.Data["sudi"]!["tenant_id"] = "t";
        }).ParseReadable();
        Assert.Null(message.DataProblem);
        Assert.IsType<DeregistrationBody>(message.Body);
    }

    [Fact]
    public void Characters_beyond_ASCII_reach_the_request_as_they_were_signed()
    {
        var builder = MessageBuilder.Registration().With(message => message.Data["hostname"] = "Köln-東京-\U0001F600");
        var message = builder.ParseReadable();
        Assert.Equal("Köln-東京-\U0001F600", Assert.IsType<RegistrationBody>(message.Body).HostName);
        Assert.Equal(builder.Envelope["request"]!.GetValue<string>(), message.Envelope.Request);
    }

    [Fact]
    public void Escapes_that_no_writer_of_ours_would_use_are_undone_for_the_signature()
    {
        var text = MessageBuilder.Deregistration().ToText().Replace("\"request\":\"{", "\"request\":\"\\u007b\\u0020", StringComparison.Ordinal);
        var parsed = SmartMessageReader.Read(Encoding.UTF8.GetBytes(text));
        Assert.StartsWith("{ ", Assert.IsType<ParsedMessage.Readable>(parsed).Message.Envelope.Request, StringComparison.Ordinal);
    }
}
