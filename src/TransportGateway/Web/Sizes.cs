using System.Globalization;

namespace TransportGateway.Web;

/// <summary>Sizes as people read them.</summary>
internal static class Sizes
{
    /// <summary>As the seed note shows memory and disks: <c>7.62 GB</c>.</summary>
    public static string Gigabytes(long? bytes) => bytes is { } known ? (known / 1073741824.0).ToString("0.00", CultureInfo.InvariantCulture) + " GB" : "–";

    /// <summary>As the seed note shows what interfaces carry, without the unit.</summary>
    public static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.00", CultureInfo.InvariantCulture);

    public static string Of(long bytes) => bytes switch
    {
        < 1000 => bytes.ToString(CultureInfo.InvariantCulture) + " B",
        < 1_000_000 => (bytes / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " kB",
        < 1_000_000_000 => (bytes / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + " MB",
        _ => (bytes / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + " GB",
    };
}
