using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TransportGateway.Upstream;

namespace TransportGateway.SignOn;

/// <summary>What the provider says of itself, kept for some minutes: whoever comes to the sign-in would make the gateway ask it otherwise.</summary>
internal sealed class ProviderDescription(TimeProvider clock)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FailureKept = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan NewKeysAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private Fetched? _latest;

    /// <summary>The description; all who ask while it is fetched get the same.</summary>
    /// <exception cref="ProviderException">The provider does not answer, or not as one does.</exception>
    public Task<OpenIdConnectConfiguration> GetAsync(ProviderSettings settings, CancellationToken cancellationToken) => GetAsync(settings, Kept, cancellationToken);

    /// <summary>The description with keys that the provider has since; the same one again when it was fetched just now.</summary>
    /// <exception cref="ProviderException">The provider does not answer, or not as one does.</exception>
    public Task<OpenIdConnectConfiguration> GetWithNewKeysAsync(ProviderSettings settings, CancellationToken cancellationToken) => GetAsync(settings, NewKeysAfter, cancellationToken);

    private Task<OpenIdConnectConfiguration> GetAsync(ProviderSettings settings, TimeSpan kept, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_latest is not { } latest || latest.Issuer != settings.Issuer!.OriginalString || latest.Route != settings.Route || !latest.IsGood(now, kept))
            {
                // It outlasts who asked first: others may wait for it.
                _latest = latest = new Fetched(settings.Issuer!.OriginalString, settings.Route, now, OpenIdProvider.DescribeAsync(settings, CancellationToken.None));
            }

            return latest.Configuration.WaitAsync(cancellationToken);
        }
    }

    private sealed record Fetched(string Issuer, UpstreamRoute Route, DateTimeOffset Since, Task<OpenIdConnectConfiguration> Configuration)
    {
        public bool IsGood(DateTimeOffset now, TimeSpan kept) => !Configuration.IsCompleted || now - Since < (Configuration.IsCompletedSuccessfully ? kept : FailureKept);
    }
}
