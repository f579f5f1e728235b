using System.Net;
using TransportGateway.HostTls;

namespace TransportGateway.Hosting;

/// <summary>What settings must be to one another. Each look needs only those that could be read, so that all errors are told at once.</summary>
internal static class SettingsTogether
{
    private static readonly string[] Listeners = ["listen-https", "listen-admin", "listen-http"];

    public static IEnumerable<string> Problems(IReadOnlyDictionary<string, object> values)
    {
        if (values.GetValueOrDefault("database") is "postgresql" && values.GetValueOrDefault("postgresql-connection") is "")
        {
            yield return "postgresql-connection: needed when database is postgresql, as in Host=db.example;Database=gateway;Username=gateway.";
        }

        if (values.GetValueOrDefault("listen-https") is List<IPEndPoint> { Count: 0 })
        {
            yield return "listen-https: at least one address and port is needed; products and administrators come in there.";
        }

        foreach (var problem in Overlaps(values))
        {
            yield return problem;
        }

        if (values.GetValueOrDefault("host-name") is string name
            && values.GetValueOrDefault("host-alternative-names") is string[] alternatives
            && values.GetValueOrDefault("listen-https") is List<IPEndPoint> listeners
            && HostIdentity.Read(name, alternatives, HostNames.AreDualStack(listeners)).Problem is { } wrong)
        {
            yield return $"host-name: {wrong}.";
        }
    }

    private static IEnumerable<string> Overlaps(IReadOnlyDictionary<string, object> values)
    {
        var before = new List<(string Key, IPEndPoint EndPoint)>();
        foreach (var key in Listeners)
        {
            foreach (var endPoint in values.GetValueOrDefault(key) as List<IPEndPoint> ?? [])
            {
                if (before.FirstOrDefault(other => Meet(other.EndPoint, endPoint)) is { EndPoint: { } taken } first)
                {
                    yield return $"{key}: {endPoint} is in {first.Key} already{(taken.Equals(endPoint) ? "" : $" ({taken})")}; choose another port.";
                }

                before.Add((key, endPoint));
            }
        }
    }

    /// <summary>Whether one address and port would be listened on by both. Port 0 is a free one each time.</summary>
    private static bool Meet(IPEndPoint one, IPEndPoint other) =>
        one.Port != 0 && one.Port == other.Port && (one.Address.Equals(other.Address) || Covers(one.Address, other.Address) || Covers(other.Address, one.Address));

    /// <remarks>The wildcard of IPv6 listens on IPv4, too.</remarks>
    private static bool Covers(IPAddress any, IPAddress address) =>
        any.Equals(IPAddress.IPv6Any) || (any.Equals(IPAddress.Any) && address.AddressFamily == any.AddressFamily);
}
