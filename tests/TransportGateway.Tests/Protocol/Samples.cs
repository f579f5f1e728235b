using System.Text;

namespace TransportGateway.Tests.Protocol;

/// <summary>The files of the folder Samples; its README says where they come from.</summary>
internal static class Samples
{
    public static byte[] ThirdPartyKey { get; } = Read("unity-connection-third-party-key.json");

    public static byte[] CallHomeCsr1000v { get; } = Read("call-home-csr1000v.xml");

    public static byte[] CallHomeNexus7000 { get; } = Read("call-home-nexus7000.xml");

    public static string ThirdPartyKeyText => Encoding.UTF8.GetString(ThirdPartyKey);

    private static byte[] Read(string name)
    {
        using var resource = typeof(Samples).Assembly.GetManifestResourceStream($"Protocol/Samples/{name}")
            ?? throw new FileNotFoundException("The sample is not embedded.", name);
        using var copy = new MemoryStream();
        resource.CopyTo(copy);
        return copy.ToArray();
    }
}
