using System.Reflection;

namespace TransportGateway.Web;

internal static class Versions
{
    public static string Current { get; } = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);
}
