namespace TransportGateway.DeviceGateway;

/// <summary>Lets one holder of a key in at a time: a duplicate that arrives in parallel waits for the first (8.7.16).</summary>
internal sealed class KeyedLock
{
    private readonly Dictionary<(string, string), Entry> _entries = [];

    public async Task<IDisposable> EnterAsync(string sender, string nonce, CancellationToken cancellationToken)
    {
        var key = (sender, nonce);
        Entry entry;
        lock (_entries)
        {
            if (!_entries.TryGetValue(key, out entry!))
            {
                _entries.Add(key, entry = new Entry());
            }

            entry.Users++;
        }

        try
        {
            await entry.Turn.WaitAsync(cancellationToken);
            return new Holder(this, key, entry);
        }
        catch
        {
            Leave(key, entry);
            throw;
        }
    }

    private void Leave((string, string) key, Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Users == 0)
            {
                _entries.Remove(key);
            }
        }
    }

    private sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Holder(KeyedLock owner, (string, string) key, Entry entry) : IDisposable
    {
        public void Dispose()
        {
            entry.Turn.Release();
            owner.Leave(key, entry);
        }
    }
}
