using System.Security.Cryptography;
using System.Threading.Channels;

namespace TransportGateway.Authority;

/// <summary>Where the gateway's RSA keys come from.</summary>
/// <param name="make">Making one takes some tenths of a second, so tests hand in ready ones.</param>
internal sealed class KeySource(Func<RSA>? make = null)
{
    public const int KeySize = 2048;

    /// <summary>What a first run needs: of the root, the sub CA, the signer and the host.</summary>
    private const int OfFirstRun = 4;

    private readonly Func<RSA> _make = make ?? Make;
    private readonly Channel<RSA> _made = Channel.CreateUnbounded<RSA>();
    private int _toMake;
    private int _promised;

    /// <summary>Makes what a first run needs while the rest starts. A key that nobody asks for is that of a later renewal.</summary>
    public void MakeAhead()
    {
        _toMake = _promised = OfFirstRun;
        Work();
    }

    /// <summary>A new key; one that was made ahead, where there is one.</summary>
    public async Task<RSA> NextAsync()
    {
        if (Interlocked.Decrement(ref _promised) < 0)
        {
            return await Task.Run(_make);
        }

        if (_made.Reader.TryRead(out var ready))
        {
            return ready;
        }

        // Whoever waits leaves a processor free.
        Work();
        return await _made.Reader.ReadAsync();
    }

    private void Work() => _ = Task.Factory.StartNew(
        () =>
        {
            try
            {
                while (Interlocked.Decrement(ref _toMake) >= 0)
                {
                    _made.Writer.TryWrite(_make());
                }
            }
            catch (Exception exception)
            {
                _made.Writer.TryComplete(exception);
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static RSA Make()
    {
        var key = RSA.Create(KeySize);
        // It is made when it is first asked for something.
        key.ExportParameters(includePrivateParameters: false);
        return key;
    }
}
