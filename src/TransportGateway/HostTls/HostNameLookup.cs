using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace TransportGateway.HostTls;

/// <summary>Whether names lead to this machine. What it finds are warnings: a virtual address may be on the other node, and DNS may follow later.</summary>
internal sealed class HostNameLookup(Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<IReadOnlyCollection<IPAddress>> ownAddresses, TimeSpan patience)
{
    public HostNameLookup()
        : this(Dns.GetHostAddressesAsync, AddressesOfThisMachine, TimeSpan.FromSeconds(3))
    {
    }

    /// <summary>A sentence for each name that does not lead here; all together within the bound, whatever DNS does.</summary>
    public async Task<IReadOnlyList<string>> WarningsAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(patience);
        var own = ownAddresses();
        var warnings = await Task.WhenAll(names.Select(name => WarningAsync(name, own, bound.Token)));
        cancellationToken.ThrowIfCancellationRequested();
        return [.. warnings.OfType<string>()];
    }

    private async Task<string?> WarningAsync(string name, IReadOnlyCollection<IPAddress> own, CancellationToken bound)
    {
        if (IPAddress.TryParse(name, out var address))
        {
            return own.Contains(address) ? null : $"'{name}' is not an address of this machine now; that is right only for a virtual address that another node holds.";
        }

        try
        {
            var addresses = await resolve(name, bound).WaitAsync(bound);
            return addresses.Any(own.Contains)
                ? null
                : $"'{name}' resolves to {string.Join(", ", addresses.Select(found => found.ToString()))}, none of which is an address of this machine now.";
        }
        catch (SocketException)
        {
            return $"'{name}' does not resolve on this machine; products that dial it need a DNS entry.";
        }
        catch (OperationCanceledException) when (bound.IsCancellationRequested)
        {
            return $"'{name}' could not be looked up within {patience.TotalSeconds:0} seconds; check DNS.";
        }
    }

    private static HashSet<IPAddress> AddressesOfThisMachine() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)];
}
