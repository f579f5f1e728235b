namespace TransportGateway.DeviceGateway;

/// <summary>Lets one message of a nonce in at a time: a duplicate that arrives in parallel waits for the first (8.7.16).</summary>
internal sealed class KeyedLock
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public async Task<IDisposable> EnterAsync(string nonce, CancellationToken cancellationToken)
    {
        Entry entry;
        lock (_entries)
        {
            if (!_entries.TryGetValue(nonce, out entry!))
            {
                _entries.Add(nonce, entry = new Entry());
            }

            entry.Users++;
        }

        try
        {
            await entry.Turn.WaitAsync(cancellationToken);
            return new Holder(this, nonce, entry);
        }
        catch
        {
            Leave(nonce, entry);
            throw;
        }
    }

    private void Leave(string nonce, Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Users == 0)
            {
                _entries.Remove(nonce);
            }
        }
    }

    private sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Holder(KeyedLock owner, string nonce, Entry entry) : IDisposable
    {
        public void Dispose()
        {
            entry.Turn.Release();
            owner.Leave(nonce, entry);
        }
    }
}
