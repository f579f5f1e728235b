using System.Data.Common;
using Dapper;
using Polly;
using Polly.Retry;

namespace TransportGateway.Persistence;

/// <summary>Opens sessions on one of the two engines and brings the schema up to date.</summary>
internal abstract class Database : IAsyncDisposable
{
    private readonly ResiliencePipeline _retry;
    private readonly WriteGate _gate;

    static Database()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new InstantHandler());
    }

    protected Database(Dialect dialect, TimeProvider clock)
    {
        Dialect = dialect;
        Clock = clock;
        _gate = new WriteGate(clock);
        _retry = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddTimeout(TimeSpan.FromSeconds(30))
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<DbException>(dialect.IsTransient),
                MaxRetryAttempts = 12,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(50),
                MaxDelay = TimeSpan.FromSeconds(2),
            })
            .Build();
    }

    public Dialect Dialect { get; }

    protected TimeProvider Clock { get; }

    /// <summary>Starts a write transaction. What is not committed when the session is disposed is rolled back.</summary>
    /// <exception cref="DatabaseMovingException">Everything is moved to another database now, or was.</exception>
    public async Task<DbSession> BeginAsync(CancellationToken cancellationToken = default)
    {
        await _gate.EnterAsync(cancellationToken);
        return await OpenWriterAsync(_gate.Leave, cancellationToken);
    }

    /// <summary>The same when everybody else has finished; who comes later waits until this session is disposed.</summary>
    public async Task<DbSession> BeginAloneAsync(CancellationToken cancellationToken)
    {
        await _gate.CloseAsync(cancellationToken);
        return await OpenWriterAsync(_gate.Open, cancellationToken);
    }

    /// <summary>A session for statements that only read; each sees what was committed when it began.</summary>
    public abstract Task<DbSession> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>The same, and all of its statements see the database as it is at the first of them.</summary>
    public abstract Task<DbSession> ReadSnapshotAsync(CancellationToken cancellationToken);

    /// <summary>Makes sure that all that can be read here is as durable as a commit promises.</summary>
    /// <remarks>A commit that was not acknowledged is seen by readers all the same, so it must not be acknowledged by way of what they find.</remarks>
    public virtual Task ConfirmAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether this engine can be a copy that follows another node's database and only reads.</summary>
    public abstract bool CanBeStandby { get; }

    /// <summary>False on a copy that follows another node's database.</summary>
    /// <exception cref="DatabaseUnusableException">It cannot be reached.</exception>
    public abstract Task<bool> IsWritableAsync(CancellationToken cancellationToken);

    /// <summary>From now on nobody writes here: everything was moved elsewhere.</summary>
    public void CloseForGood() => _gate.CloseForGood();

    /// <summary>Whether the other session is in this very database.</summary>
    public virtual Task<bool> IsThisAsync(DbSession other, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Leaves word, durably, that everything was moved: the next start is refused.</summary>
    /// <param name="alone">The session that has held the others back; this ends its transaction where it has one.</param>
    public abstract Task MarkMovedAsync(DbSession alone, DateTimeOffset now);

    public abstract Task UnmarkMovedAsync();

    /// <summary>What to tell whoever starts a gateway on a database that was moved; null for one that was not.</summary>
    public abstract Task<string?> FindMoveAsync(CancellationToken cancellationToken);

    /// <summary>Applies the migrations that are missing, in order. Safe when two nodes start at once.</summary>
    /// <exception cref="DatabaseUnusableException">The schema cannot be brought up to date.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken = default)
    {
        if (!await Migrations.AreAppliedAsync(this, cancellationToken))
        {
            await ApplyMigrationsAsync(cancellationToken);
        }
    }

    protected abstract Task<DbSession> OpenWriterAsync(CancellationToken cancellationToken);

    protected abstract Task ApplyMigrationsAsync(CancellationToken cancellationToken);

    /// <summary>Repeats work whose connection was lost, as when a role moves to the other node.</summary>
    /// <remarks>Only for work that is safe to repeat: it starts again from the beginning, in a new session.</remarks>
    public async Task<T> RetryAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        await _retry.ExecuteAsync(async token => await work(token), cancellationToken);

    /// <summary>Repeats work that found a name taken, or what it refers to gone, after it had looked, or that had to give way: the next look sees why and can say so.</summary>
    /// <remarks>PostgreSQL lets transactions overlap, so another one can commit between a look and the write that relies on it.</remarks>
    public async Task<T> RetryOvertakenAsync<T>(Func<Task<T>> work)
    {
        const int MostRepeats = 5;
        for (var repeat = 0; ; repeat++)
        {
            try
            {
                return await work();
            }
            catch (DbException exception) when (repeat < MostRepeats && Dialect.IsOvertaken(exception))
            {
                // Nothing of it was kept; look again.
            }
        }
    }

    public abstract ValueTask DisposeAsync();

    private async Task<DbSession> OpenWriterAsync(Action whenEnded, CancellationToken cancellationToken)
    {
        try
        {
            var session = await OpenWriterAsync(cancellationToken);
            session.WhenEnded = whenEnded;
            return session;
        }
        catch
        {
            whenEnded();
            throw;
        }
    }
}

/// <summary>The database cannot be used as it is; the message says what an administrator can do.</summary>
internal class DatabaseUnusableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Everything is in another database; until an administrator says which one counts, no start will do.</summary>
internal sealed class DatabaseMovedException(string message) : DatabaseUnusableException(message);

/// <summary>The commit came back, but the engine did not promise that it will last.</summary>
/// <remarks>PostgreSQL answers a cancelled wait for its synchronous standby with success and a warning.</remarks>
internal sealed class CommitNotAcknowledgedException(string message) : DbException(message);

/// <summary>Nothing can be written here: everything is on its way to another database, or has arrived there.</summary>
internal sealed class DatabaseMovingException(string message) : DbException(message)
{
    public static DatabaseMovingException Over() => new("The database was moved to another one, and this gateway is stopping. Try again in a moment.");
}
