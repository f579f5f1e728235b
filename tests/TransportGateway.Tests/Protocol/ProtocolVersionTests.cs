using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

public sealed class ProtocolVersionTests
{
    [Theory]
    [InlineData("1.0", "1.0")]
    [InlineData("1.1", "1.1")]
    [InlineData("1.2", "1.2")]
    [InlineData("1.3", "1.3")]
    [InlineData("1.4", "1.3")]
    [InlineData("1.10", "1.3")]
    [InlineData("1.02", "1.2")]
    [InlineData("1", "1.0")]
    public void The_answer_has_the_lower_of_both_versions_compared_as_numbers(string theirs, string answer) =>
        Assert.Equal(answer, ProtocolVersion.Negotiate(theirs));

    [Theory]
    [InlineData("2.0")]
    [InlineData("0.9")]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData(null)]
    public void What_is_not_served_is_answered_in_our_version(string? theirs) => Assert.Equal("1.3", ProtocolVersion.Negotiate(theirs));
}
