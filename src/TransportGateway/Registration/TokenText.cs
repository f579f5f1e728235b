using System.Security.Cryptography;
using System.Text;
using TransportGateway.Access;

namespace TransportGateway.Registration;

/// <summary>The text of a registration token: what an administrator copies and a product is given.</summary>
/// <remarks>
/// The shape follows a published sample (ssm-on-prem 2.1): base64 of <c>uuid-expiry|random</c>. The lengths are chosen so that
/// only letters and digits come out, which survive every shell, form and URL; the sample's line breaks and padding are left out.
/// </remarks>
internal static class TokenText
{
    /// <summary>Longer texts are refused unseen (8.7.20).</summary>
    public const int MostCharacters = 255;

    private const int RandomBytes = 27;

    public static string New(DateTimeOffset expiresAt) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(
            $"{Guid.NewGuid()}-{expiresAt.ToUnixTimeMilliseconds():D13}|{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes))}"));

    /// <summary>The hashes to look a token up by: as it was sent, and percent-decoded once (8.7.20).</summary>
    public static IReadOnlyList<string> Hashes(string sent)
    {
        var trimmed = sent.Trim();
        var decoded = Uri.UnescapeDataString(trimmed);
        return decoded == trimmed ? [Credentials.Hash(trimmed)] : [Credentials.Hash(trimmed), Credentials.Hash(decoded.Trim())];
    }

    public static string Hash(string text) => Credentials.Hash(text);
}
