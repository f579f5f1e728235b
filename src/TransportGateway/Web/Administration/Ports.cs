using System.Globalization;

namespace TransportGateway.Web.Administration;

/// <summary>Port numbers as people type them.</summary>
internal static class Ports
{
    /// <param name="port">0 for nothing: the usual one.</param>
    public static bool TryRead(string? typed, out int port)
    {
        port = 0;
        return string.IsNullOrWhiteSpace(typed) || (int.TryParse(typed, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535);
    }
}
