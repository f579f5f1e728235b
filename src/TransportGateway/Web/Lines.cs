namespace TransportGateway.Web;

/// <summary>A list as people type it: one entry a line.</summary>
internal static class Lines
{
    public static string[] Of(string? typed) => (typed ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
