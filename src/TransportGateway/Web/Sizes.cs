using System.Globalization;

namespace TransportGateway.Web;

/// <summary>Sizes as people read them.</summary>
internal static class Sizes
{
    public static string Of(long bytes) => bytes switch
    {
        < 1000 => bytes.ToString(CultureInfo.InvariantCulture) + " B",
        < 1_000_000 => (bytes / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " kB",
        < 1_000_000_000 => (bytes / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + " MB",
        _ => (bytes / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + " GB",
    };
}
