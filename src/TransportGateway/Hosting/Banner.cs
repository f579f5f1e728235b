using TransportGateway.DeviceGateway;

namespace TransportGateway.Hosting;

/// <summary>What an administrator reads when the gateway is up: where products go, what they must trust, what to do next.</summary>
internal static class Banner
{
    public static void Print(Gateway gateway, string version)
    {
        if (!gateway.IsActive)
        {
            Console.WriteLine($"Transport gateway {version} is on standby, listening on {string.Join(", ", gateway.Addresses)}. It takes over when its database does.");
            return;
        }

        var url = new UriBuilder(gateway.Addresses.First(address => address.StartsWith("https", StringComparison.Ordinal))) { Host = UrlHost(gateway.HostName) };
        url.Path = DeviceGatewayFeature.CallHomePath;
        var callHome = url.Uri;
        url.Path = DeviceGatewayFeature.SmartTransportPath;
        Console.WriteLine(
            $"""

            Transport gateway {version} is ready.

              Call Home         {callHome}
              Smart Transport   {url.Uri}
              Listening on      {string.Join(", ", gateway.Addresses)}
              Trust anchor      {gateway.Directory.TrustAnchor}
              SHA-256           {gateway.Fingerprint}
              Set-up code       {gateway.SetupCode?.Value ?? "used; the gateway has its administrator"}

            On this machine tgctl needs no code. From another one: tgctl setup --server {url.Uri.GetLeftPart(UriPartial.Authority)} --ca root.pem
            Products must trust the anchor above; unmodified Cisco products do not (see README, Authority and relay).

            """);
    }

    private static string UrlHost(string name) => name.Contains(':', StringComparison.Ordinal) ? $"[{name}]" : name;
}
