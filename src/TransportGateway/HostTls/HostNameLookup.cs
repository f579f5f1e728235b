using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>Whether names lead to this machine. What it finds are warnings: a virtual address may be on the other node, and DNS may follow later.</summary>
internal sealed class HostNameLookup(Func<string, CancellationToken, Task<IPAddress[]>> resolve, Func<IReadOnlyCollection<IPAddress>> ownAddresses, TimeSpan patience)
{
    public HostNameLookup()
        : this(Dns.GetHostAddressesAsync, AddressesOfThisMachine, TimeSpan.FromSeconds(3))
    {
    }

    /// <summary>A sentence for each name that does not lead here; all together within the bound, whatever DNS does.</summary>
    public async Task<IReadOnlyList<Sentence>> WarningsAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(patience);
        var own = ownAddresses();
        var warnings = await Task.WhenAll(names.Select(name => WarningAsync(name, own, bound.Token)));
        cancellationToken.ThrowIfCancellationRequested();
        return [.. warnings.OfType<Sentence>()];
    }

    private async Task<Sentence?> WarningAsync(string name, IReadOnlyCollection<IPAddress> own, CancellationToken bound)
    {
        if (IPAddress.TryParse(name, out var address))
        {
            return own.Contains(address) ? null : new Sentence("'{0}' is not an address of this machine now; that is right only for a virtual address that another node holds.", name);
        }

        try
        {
            var addresses = await resolve(name, bound).WaitAsync(bound);
            return addresses.Any(own.Contains)
                ? null
                : new Sentence("'{0}' resolves to {1}, none of which is an address of this machine now.", name, string.Join(", ", addresses.Select(found => found.ToString())));
        }
        catch (SocketException)
        {
            return new Sentence("'{0}' does not resolve on this machine; products that dial it need a DNS entry.", name);
        }
        catch (OperationCanceledException) when (bound.IsCancellationRequested)
        {
            return new Sentence("'{0}' could not be looked up within {1} seconds; check DNS.", name, (int)patience.TotalSeconds);
        }
    }

    private static HashSet<IPAddress> AddressesOfThisMachine() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)];
}
