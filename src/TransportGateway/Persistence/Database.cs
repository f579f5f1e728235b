using System.Data.Common;
using Dapper;
using Polly;
using Polly.Retry;

namespace TransportGateway.Persistence;

/// <summary>Opens sessions on one of the two engines and brings the schema up to date.</summary>
internal abstract class Database : IAsyncDisposable
{
    private readonly ResiliencePipeline _retry;

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
    public abstract Task<DbSession> BeginAsync(CancellationToken cancellationToken = default);

    /// <summary>A session for statements that only read; each sees what was committed when it began.</summary>
    public abstract Task<DbSession> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Whether this engine can be a copy that follows another node's database and only reads.</summary>
    public abstract bool CanBeStandby { get; }

    /// <summary>False on a copy that follows another node's database.</summary>
    /// <exception cref="DatabaseUnusableException">It cannot be reached.</exception>
    public abstract Task<bool> IsWritableAsync(CancellationToken cancellationToken);

    /// <summary>From now on no session begins: the data were moved elsewhere.</summary>
    public virtual void Close() => IsClosed = true;

    protected bool IsClosed { get; private set; }

    /// <summary>Applies the migrations that are missing, in order. Safe when two nodes start at once.</summary>
    /// <exception cref="DatabaseUnusableException">The schema cannot be brought up to date.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken = default)
    {
        if (!await Migrations.AreAppliedAsync(this, cancellationToken))
        {
            await ApplyMigrationsAsync(cancellationToken);
        }
    }

    protected abstract Task ApplyMigrationsAsync(CancellationToken cancellationToken);

    /// <summary>Repeats work whose connection was lost, as when a role moves to the other node.</summary>
    /// <remarks>Only for work that is safe to repeat: it starts again from the beginning, in a new session.</remarks>
    public async Task<T> RetryAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        await _retry.ExecuteAsync(async token => await work(token), cancellationToken);

    /// <summary>Repeats work that found a name taken, or what it refers to gone, after it had looked: the next look sees why and can say so.</summary>
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
            catch (DbException exception) when (repeat < MostRepeats && (Dialect.IsUniqueViolation(exception) || Dialect.IsForeignKeyViolation(exception)))
            {
                // Nothing of it was kept; look again.
            }
        }
    }

    public abstract ValueTask DisposeAsync();
}

/// <summary>The database cannot be used as it is; the message says what an administrator can do.</summary>
internal sealed class DatabaseUnusableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The commit came back, but the engine did not promise that it will last.</summary>
/// <remarks>PostgreSQL answers a cancelled wait for its synchronous standby with success and a warning.</remarks>
internal sealed class CommitNotAcknowledgedException(string message) : DbException(message);

/// <summary>The data were moved to another database; this process is about to end.</summary>
internal sealed class DatabaseMovedException() : DbException("The database was moved; the gateway is stopping. Try again in a moment.");
