using System.Text.Json;
using CsCheck;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>The sentences a human sees on the product, word for word.</summary>
public sealed class RefusalTextsTests
{
    [Fact]
    public void An_identity_that_is_not_valid_reads_as_observed_without_a_blank_after_the_sentence() => Assert.Equal(
        """{"product_instance_identifier":["The identity for the instance 4d47df04-ae89-4df6-bc15-d17c1a3f153f is not valid.Please re-register the instance."]}""",
        RefusalTexts.Identity("4d47df04-ae89-4df6-bc15-d17c1a3f153f"));

    [Fact]
    public void A_token_that_is_not_valid_is_quoted_as_sent() => Assert.Equal(
        """{"token":["The token 'BadRegistrationToken' is not valid."]}""", RefusalTexts.Token("BadRegistrationToken"));

    [Fact]
    public void A_second_registration_names_the_device() => Assert.Equal(
        """{"sudi":["The product regid.x and sudi containing udi_serial_number:cc920, udi_pid:UCM; has already been registered."]}""",
        RefusalTexts.AlreadyRegistered("regid.x", "cc920", "UCM"));

    [Fact]
    public void A_signature_of_a_registration_that_is_not_valid() => Assert.Equal(
        """{"signature":["The signature of the request is not valid."]}""", RefusalTexts.Signature);

    [Fact]
    public void A_third_party_key_for_an_unused_tag_reads_as_observed_with_the_trailing_blank() =>
        Assert.Equal("Product Instance is not consuming this tag : ", RefusalTexts.TagNotConsumed);

    [Fact]
    public void A_poll_for_an_unknown_id() => Assert.Equal(
        """{"poll_id":["The poll id 773126444402795033 is not known. Send the request again."]}""",
        RefusalTexts.UnknownPoll(773126444402795033));

    [Theory]
    [InlineData(3725, "0 d", "The clock of the product is 1 h 2 min 5 s ahead of the clock of the server; at most 1 h is allowed. Set the clock of the product, for example by NTP.")]
    [InlineData(-90061, "1 d", "The clock of the product is 1 d 1 h 1 min 1 s behind the clock of the server; at most 1 h is allowed. Set the clock of the product, for example by NTP.")]
    public void Clocks_that_differ_are_told_by_how_much(int seconds, string days, string text)
    {
        Assert.Equal(text, RefusalTexts.ClocksDiffer(TimeSpan.FromSeconds(seconds)));
        Assert.Equal(days != "0 d", text.Contains(days, StringComparison.Ordinal));
    }

    [Fact]
    public void Clocks_at_both_ends_of_time_can_be_compared()
    {
        Assert.Contains(" d ", RefusalTexts.ClocksDiffer(DateTimeOffset.MinValue - DateTimeOffset.MaxValue), StringComparison.Ordinal);
        Assert.Contains(" d ", RefusalTexts.ClocksDiffer(DateTimeOffset.MaxValue - DateTimeOffset.MinValue), StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_that_is_not_served_is_told_from_one_that_is_not_known()
    {
        Assert.Equal("The request type TRUST is not served by this server.", RefusalTexts.UnknownRequestType("TRUST"));
        Assert.Equal("The request type FOO is not known to this server.", RefusalTexts.UnknownRequestType("FOO"));
    }

    [Fact]
    public void An_errors_hash_is_JSON_whatever_is_in_the_text() => Gen.Select(AnyText.Gen, AnyText.Gen).Sample((field, text) =>
    {
        using var hash = JsonDocument.Parse(ErrorsHash.For(field, text));
        var property = Assert.Single(hash.RootElement.EnumerateObject());
        return property.Name == AnyText.WellFormed(field) && property.Value[0].GetString() == AnyText.WellFormed(text) && property.Value.GetArrayLength() == 1;
    });
}
