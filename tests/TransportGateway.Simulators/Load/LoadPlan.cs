using System.Globalization;

namespace TransportGateway.Simulators.Load;

public enum LoadOperation
{
    /// <summary>A product the gateway has not seen before registers.</summary>
    Register,

    /// <summary>A registered product reports its licences.</summary>
    Authorize,

    /// <summary>A registered product renews its ID certificate.</summary>
    Renew,
}

/// <summary>What part of the requests each operation is, in percent.</summary>
public sealed record LoadMix(int Register, int Authorize, int Renew)
{
    /// <summary>Reads <c>register=10,authorize=80,renew=10</c>; null when it is not such a text or does not add up to 100.</summary>
    public static LoadMix? TryParse(string text)
    {
        var mix = new LoadMix(0, 0, 0);
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : (part, "");
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
            {
                return null;
            }

            switch (name.ToLowerInvariant())
            {
                case "register":
                    mix = mix with { Register = percent };
                    break;
                case "authorize":
                    mix = mix with { Authorize = percent };
                    break;
                case "renew":
                    mix = mix with { Renew = percent };
                    break;
                default:
                    return null;
            }
        }

        return (long)mix.Register + mix.Authorize + mix.Renew == 100 ? mix : null;
    }

    /// <summary>The operation of the n-th request: evenly spread, and the same in every run.</summary>
    public LoadOperation At(long request)
    {
        // 37 and 100 have no common factor, so each hundred requests meet every point once, in a scattered order.
        var point = (int)(request * 37 % 100);
        return point < Register ? LoadOperation.Register : point < Register + Authorize ? LoadOperation.Authorize : LoadOperation.Renew;
    }
}

/// <summary>When answers are verified as a product verifies them.</summary>
public enum LoadVerification
{
    /// <summary>Each when it comes; the client's work takes processor time from a gateway on the same machine.</summary>
    Now,

    /// <summary>All of them after the measurement, so that it measures the gateway and still no bad answer counts as accepted.</summary>
    Later,

    /// <summary>Only the status of answers is read.</summary>
    Never,
}

/// <summary>A bounded amount of work against one gateway.</summary>
public sealed record LoadPlan
{
    public const int MostRequests = 1_000_000;
    public const int MostPresigned = 100_000;
    public const int MostVerifiedLater = 50_000;
    public const int LongestSeconds = 3600;

    public required Uri Address { get; init; }

    public required DeviceTransport Transport { get; init; }

    public required TrustAnchors Anchors { get; init; }

    public required string Token { get; init; }

    /// <summary>Products that are registered before the measurement, to authorize and renew.</summary>
    public int Instances { get; init; } = 100;

    public LoadMix Mix { get; init; } = new(Register: 0, Authorize: 100, Renew: 0);

    /// <summary>How many requests are under way at any time.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>A new TLS connection with a full handshake for every request.</summary>
    public bool FreshConnections { get; init; }

    public int Requests { get; init; } = 1000;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Makes and signs all messages before the measurement, so that the client's signing does not hide the gateway.</summary>
    public bool Presign { get; init; }

    public LoadVerification Verification { get; init; }

    /// <summary>How many keys the products share.</summary>
    public int Keys { get; init; } = 4;

    /// <summary>Goes into the serial number of every product, so that a second run brings other products.</summary>
    public string RunName { get; init; } = Guid.NewGuid().ToString("N")[..8];

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Every reason why this plan cannot be run, each a sentence that says what would be right.</summary>
    public IEnumerable<string> Faults()
    {
        if (!LoopbackOnly.Holds(Address))
        {
            yield return $"Load is only put on this machine: {Address.Host} is not a loopback address. Give 127.0.0.1, [::1] or localhost.";
        }

        if (Instances < 1 || Connections < 1 || Keys < 1)
        {
            yield return "Instances, connections and keys have to be at least 1.";
        }

        if (Requests is < 1 or > MostRequests)
        {
            yield return $"The number of requests has to be from 1 to {MostRequests}.";
        }

        if (Duration <= TimeSpan.Zero || Duration > TimeSpan.FromSeconds(LongestSeconds))
        {
            yield return $"The duration has to be from 1 to {LongestSeconds} seconds.";
        }

        if (Presign && Requests > MostPresigned)
        {
            yield return $"Signing ahead is for up to {MostPresigned} requests; ask for fewer or leave it out.";
        }

        if (Verification == LoadVerification.Later && Requests > MostVerifiedLater)
        {
            yield return $"Answers are kept for later for up to {MostVerifiedLater} requests; ask for fewer or verify now.";
        }

        if (Presign && Mix.Renew > 0)
        {
            yield return "Renewals cannot be signed ahead, because each names the certificate the one before brings; "
                + "take renew out of the mix or do not sign ahead.";
        }

        if (NeedsInstances && Instances < Connections)
        {
            yield return $"Each connection needs a product of its own: give at least {Connections} instances or fewer connections.";
        }
    }

    internal bool NeedsInstances => Mix.Authorize + Mix.Renew > 0;
}
