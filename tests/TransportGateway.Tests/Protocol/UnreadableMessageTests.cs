using System.Text;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

/// <summary>What is answered with HTTP 400: level 1 cannot be read, or there is no nonce to echo.</summary>
public sealed class UnreadableMessageTests
{
    [Theory]
    [InlineData("", "The message is empty.")]
    [InlineData("{", "The message is not readable as JSON (line 1, byte 2).")]
    [InlineData("<soap/>", "The message is not readable as JSON (line 1, byte 1).")]
    [InlineData("[]", "The message is not a JSON object.")]
    [InlineData("null", "The message is not a JSON object.")]
    [InlineData("{} {}", "The message is not readable as JSON (line 1, byte 4).")]
    [InlineData("{\"request\":\"{}\",}", "The message is not readable as JSON (line 1, byte 17).")]
    [InlineData("{\"a\":1,\"a\":1}", "The message has the key a twice in one object.")]
    [InlineData("{\"signature\":{\"type\":\"x\",\"type\":\"x\"},\"request\":\"{}\"}", "The message has the key type twice in one object.")]
    [InlineData("{\"request\":\"{\"}", "The field request is not readable as JSON (line 1, byte 2).")]
    [InlineData("{\"request\":\"[1]\"}", "The field request is not a JSON object.")]
    [InlineData("{\"request\":\"{}\"}", "The field header is missing or not an object.")]
    [InlineData("{\"request\":\"{\\\"header\\\":[]}\"}", "The field header is missing or not an object.")]
    public void The_reason_says_what_is_wrong(string message, string reason) => Assert.Equal(reason, ReasonOf(Encoding.UTF8.GetBytes(message)));

    [Theory]
    [InlineData("{}", "The field request is missing.")]
    [InlineData("{\"request\":null}", "The field request is missing.")]
    [InlineData("{\"request\":{}}", "The field request must be a string.")]
    [InlineData("{\"request\":\"\\ud800\"}", "The field request holds half of a surrogate pair.")]
    public void An_envelope_without_a_request_is_unreadable(string message, string reason) =>
        Assert.Contains(reason, ReasonOf(Encoding.UTF8.GetBytes(message)), StringComparison.Ordinal);

    [Fact]
    public void Bytes_that_are_not_UTF8_are_unreadable()
    {
        byte[] latin1 = [.. "{\"request\":\"M"u8, 0xFC, .. "nchen\"}"u8];
        Assert.Equal("The message is not valid UTF-8.", ReasonOf(latin1));
    }

    [Theory]
    [InlineData("{\"\\ud800\":1,\"\\ud800\":1}")]
    [InlineData("{\"\\ud800\":1,\"request\":\"{}\"}")]
    [InlineData("{\"\\udc00x\":{\"\\ud800\":1},\"request\":\"\\ud800\"}")]
    public void Keys_with_half_of_a_surrogate_pair_do_no_harm(string message) =>
        Assert.NotEmpty(ReasonOf(Encoding.UTF8.GetBytes(message)));

    [Theory]
    [InlineData("\\u0000\\u001b[2J\\r\\n", "??[2J??")]
    [InlineData("\\u0085\\u007f", "??")]
    public void Of_a_key_given_twice_no_control_character_is_quoted(string key, string quoted) => Assert.Equal(
        $"The message has the key {quoted} twice in one object.", ReasonOf(Encoding.UTF8.GetBytes($$"""{"{{key}}":1,"{{key}}":1}""")));

    [Theory]
    [InlineData(60, 500_000)]
    [InlineData(59, 1)]
    [InlineData(59, 100)]
    public void Of_a_key_given_twice_the_beginning_is_quoted_and_no_half_of_a_character(int letters, int emoji)
    {
        var key = new string('x', letters) + string.Concat(Enumerable.Repeat("\U0001F600", emoji));

        Assert.Equal(
            $"The message has the key {new string('x', letters)}... twice in one object.", ReasonOf(Encoding.UTF8.GetBytes($$"""{"{{key}}":1,"{{key}}":1}""")));
    }

    [Theory]
    [InlineData(15, false)]
    [InlineData(16, true)]
    [InlineData(100_000, true)]
    public void The_envelope_may_be_nested_sixteen_deep(int arrays, bool refused)
    {
        var message = MessageBuilder.Deregistration().ToText();
        var nested = $"{{\"more\":{new string('[', arrays)}{new string(']', arrays)},{message[1..]}";
        var parsed = SmartMessageReader.Read(Encoding.UTF8.GetBytes(nested));
        Assert.Equal(refused, parsed is ParsedMessage.Unreadable);
    }

    [Theory]
    [InlineData(14, false)]
    [InlineData(16, true)]
    [InlineData(100_000, true)]
    public void The_request_may_be_nested_sixteen_deep(int arrays, bool refused)
    {
        var nested = $"{{\"more\":{new string('[', arrays)}{new string(']', arrays)},";
        var parsed = MessageBuilder.Deregistration().WithRequestText(text => nested + text[1..]).Parse();
        Assert.Equal(refused, parsed is ParsedMessage.Unreadable);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12a")]
    [InlineData("-5")]
    [InlineData(" 5")]
    [InlineData("1.5")]
    [InlineData("٣")]
    [InlineData("123456789012345678901234567890123")]
    public void A_header_nonce_that_is_no_decimal_number_of_32_digits_at_most_cannot_be_echoed(string nonce) =>
        Assert.Equal(
            "The field header.nonce is missing or not a decimal number of at most 32 digits, written as a string.",
            MessageBuilder.Deregistration().With(message => message.Header["nonce"] = nonce).ParseUnreadable());

    [Fact]
    public void A_header_nonce_that_is_missing_or_null_or_a_number_cannot_be_echoed()
    {
        Assert.Contains("header.nonce", MessageBuilder.Deregistration().With(message => message.Header.Remove("nonce")).ParseUnreadable(), StringComparison.Ordinal);
        Assert.Contains("header.nonce", MessageBuilder.Deregistration().With(message => message.Header["nonce"] = null).ParseUnreadable(), StringComparison.Ordinal);
        Assert.Contains("header.nonce", MessageBuilder.Deregistration().With(message => message.Header["nonce"] = 5).ParseUnreadable(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_nonce_given_twice_cannot_be_echoed()
    {
        var reason = MessageBuilder.Deregistration()
            .WithRequestText(text => text.Replace("\"locale\":", "\"nonce\":\"7\",\"locale\":", StringComparison.Ordinal))
            .ParseUnreadable();
        Assert.Equal("The field request has the key nonce twice in one object.", reason);
    }

    private static string ReasonOf(ReadOnlySpan<byte> message) => Assert.IsType<ParsedMessage.Unreadable>(SmartMessageReader.Read(message)).Reason;
}
