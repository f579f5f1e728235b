using System.Collections;
using System.Net.Sockets;
using System.Reflection;
using TransportGateway.Hosting;
using TransportGateway.Persistence;

// systemd does not start it again after this one, see transport-gateway.service.
const int ForAnAdministrator = 2;

if (args is ["--help" or "-h" or "help"])
{
    Console.WriteLine(GatewaySettings.Help());
    return 0;
}

var version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);
if (args is ["--version"])
{
    Console.WriteLine(version);
    return 0;
}

var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);
var (settings, errors) = GatewaySettings.Load(args, environment);
if (settings is null)
{
    Console.Error.WriteLine($"The gateway does not start: {errors.Count} setting(s) need attention.");
    foreach (var error in errors)
    {
        Console.Error.WriteLine("  " + error);
    }

    return ForAnAdministrator;
}

try
{
    bool again;
    do
    {
        await using var gateway = await Gateway.StartAsync(settings, TimeProvider.System);
        Banner.Print(gateway, version);
        again = await gateway.WaitForShutdownAsync();
    }
    while (again);

    return 0;
}
catch (DatabaseUnusableException exception)
{
    Console.Error.WriteLine($"The gateway does not start: {exception.Message}");
    return exception is DatabaseMovedException ? ForAnAdministrator : 1;
}
catch (Exception exception) when (exception is IOException or SocketException)
{
    Console.Error.WriteLine($"The gateway does not start: {exception.Message.TrimEnd('.')}. Check listen-https, listen-admin and listen-http: an address has to be this machine's, and a port below 1024 takes root or CAP_NET_BIND_SERVICE.");
    return 1;
}
