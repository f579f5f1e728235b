using System.Security.Cryptography;

namespace TransportGateway.Benchmarks;

/// <summary>How fast this machine signs: the bound that no server here can pass.</summary>
internal static class Rsa
{
    public static double SignaturesPerSecond(TimeProvider clock)
    {
        using var key = RSA.Create(2048);
        var text = RandomNumberGenerator.GetBytes(1000);
        var signatures = 0;
        var began = clock.GetTimestamp();
        while (clock.GetElapsedTime(began) < TimeSpan.FromSeconds(1))
        {
            key.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            signatures++;
        }

        return signatures / clock.GetElapsedTime(began).TotalSeconds;
    }
}
