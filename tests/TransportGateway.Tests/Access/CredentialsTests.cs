using TransportGateway.Access;

namespace TransportGateway.Tests.Access;

public sealed class CredentialsTests
{
    [Fact]
    public void An_identifier_is_never_taken_for_an_option_of_a_command()
    {
        var made = Enumerable.Range(0, 2000).Select(_ => Credentials.NewSecret()).ToArray();
        Assert.All(made, secret => Assert.True(char.IsAsciiLetterOrDigit(secret[0]) && secret.Length == 64, secret));
        Assert.Equal(made.Length, made.Distinct().Count());
    }
}
