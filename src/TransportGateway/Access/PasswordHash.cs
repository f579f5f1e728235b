using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.Access;

/// <summary>Passwords as they are stored: PBKDF2 with SHA-512, its parameters beside it, as <c>pbkdf2-sha512$iterations$salt$hash</c>.</summary>
/// <remarks>A check costs about 0.2 s of a core, so checks take turns, and not many wait: guessing cannot take the whole machine from the products.</remarks>
internal static class PasswordHash
{
    private const string Algorithm = "pbkdf2-sha512";
    private const int Iterations = 210_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    private const int MostWaiting = 32;

    private static readonly Turn Turn = new(MostWaiting, new Sentence("Too many passwords wait to be checked. Try again in a few seconds."));

    // What an unknown user's password is compared with, so that it takes as long as a known one's.
    private static readonly Lazy<string> Nobody = new(() => Make("", RandomNumberGenerator.GetBytes(SaltBytes), Iterations));

    public static Task<string> MakeAsync(Secret password, CancellationToken cancellationToken) =>
        InTurnAsync(() => Make(password.Value, RandomNumberGenerator.GetBytes(SaltBytes), Iterations), cancellationToken);

    /// <param name="hash">Empty for nobody's: the answer is no, after the same time.</param>
    public static Task<bool> MatchesAsync(Secret password, string hash, CancellationToken cancellationToken) => InTurnAsync(
        () =>
        {
            var stored = hash.Length == 0 ? Nobody.Value : hash;
            var parts = stored.Split('$');
            if (parts is not [Algorithm, var iterations, var salt, _])
            {
                throw new DatabaseUnusableException("A stored password has a form that this version does not know. Give the user a new password.");
            }

            var made = Make(password.Value, Convert.FromBase64String(salt), int.Parse(iterations, CultureInfo.InvariantCulture));
            return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(made), Encoding.ASCII.GetBytes(stored)) && hash.Length > 0;
        },
        cancellationToken);

    private static string Make(string password, byte[] salt, int iterations) =>
        $"{Algorithm}${iterations.ToString(CultureInfo.InvariantCulture)}${Convert.ToBase64String(salt)}${Convert.ToBase64String(Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormKC)), salt, iterations, HashAlgorithmName.SHA512, HashBytes))}";

    private static Task<T> InTurnAsync<T>(Func<T> work, CancellationToken cancellationToken) => Turn.TakeAsync(() => Task.Run(work, cancellationToken), cancellationToken);
}
