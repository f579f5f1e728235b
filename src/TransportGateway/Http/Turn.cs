using TransportGateway.Protocol;

namespace TransportGateway.Http;

/// <summary>Costly work that is done by one request at a time; so many wait, and the next is told to come again.</summary>
internal sealed class Turn(int mostWaiting, Sentence busy) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _here;

    /// <summary>How many have their turn, or wait for it.</summary>
    public int Here => Volatile.Read(ref _here);

    public void Dispose() => _turn.Dispose();

    /// <exception cref="BusyException">Too many wait already.</exception>
    public async Task<T> TakeAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _here) > mostWaiting + 1)
        {
            Interlocked.Decrement(ref _here);
            throw new BusyException(busy);
        }

        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                return await work();
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _here);
        }
    }
}
