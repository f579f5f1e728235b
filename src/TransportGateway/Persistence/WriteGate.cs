namespace TransportGateway.Persistence;

/// <summary>Counts the writers, and holds them back while everything is moved to another database.</summary>
internal sealed class WriteGate(TimeProvider clock)
{
    /// <summary>As long as products wait for an answer; after it they are told to come again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private int _writers;
    private bool _moved;
    private TaskCompletionSource? _quiet;
    private TaskCompletionSource? _opened;

    /// <exception cref="DatabaseMovingException">The move took too long, or succeeded.</exception>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task opened;
            lock (_lock)
            {
                if (_moved)
                {
                    throw DatabaseMovingException.Over();
                }

                if (_opened is null)
                {
                    _writers++;
                    return;
                }

                opened = _opened.Task;
            }

            try
            {
                await opened.WaitAsync(LongestWait, clock, cancellationToken);
            }
            catch (TimeoutException)
            {
                throw new DatabaseMovingException("The database is being moved to another one. Try again in a minute.");
            }
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_writers == 0)
            {
                _quiet?.TrySetResult();
            }
        }
    }

    /// <summary>Lets nobody in any more, and returns when everybody has left.</summary>
    /// <exception cref="DatabaseMovingException">It is closed already, or somebody did not leave.</exception>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        Task quiet;
        lock (_lock)
        {
            if (_moved)
            {
                throw DatabaseMovingException.Over();
            }

            if (_opened is not null)
            {
                throw new DatabaseMovingException("The database is being moved already. Wait for the end of it.");
            }

            _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_writers == 0)
            {
                _quiet.SetResult();
            }

            quiet = _quiet.Task;
        }

        try
        {
            await quiet.WaitAsync(LongestWait, clock, cancellationToken);
        }
        catch (Exception exception)
        {
            Open();
            if (exception is TimeoutException)
            {
                throw new DatabaseMovingException("Another piece of work has been writing for long, perhaps a synchronisation. Try again when it is done.");
            }

            throw;
        }
    }

    public void Open()
    {
        lock (_lock)
        {
            _opened?.TrySetResult();
            _opened = null;
            _quiet = null;
        }
    }

    /// <summary>Whoever waits, and whoever comes, is refused from now on.</summary>
    public void CloseForGood()
    {
        lock (_lock)
        {
            _moved = true;
        }
    }
}
