using System.Security.Cryptography;
using System.Text;

namespace TransportGateway.Access;

/// <summary>Makes random credentials and the form in which they are stored.</summary>
internal static class Credentials
{
    private const string CodeAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>64 URL-safe characters, the shape that clients of this kind of server know (ssm-on-prem 1.9).</summary>
    /// <remarks>Never begins with a hyphen: on a command line it would be taken for an option.</remarks>
    public static string NewSecret()
    {
        while (true)
        {
            var secret = System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(48));
            if (char.IsAsciiLetterOrDigit(secret[0]))
            {
                return secret;
            }
        }
    }

    /// <summary>A code that a person types: five groups of four letters and digits that are hard to confuse, 98 bits.</summary>
    public static string NewCode() =>
        string.Join('-', Enumerable.Range(0, 5).Select(_ => RandomNumberGenerator.GetString(CodeAlphabet, 4)));

    /// <remarks>A plain hash will do: what is hashed here is random and long, never a word that a person chose.</remarks>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public static bool Matches(string secret, string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(hash));
}
