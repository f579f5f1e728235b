using System.Collections.Concurrent;

namespace TransportGateway.Simulators.Central;

/// <summary>The calls at which something can go wrong.</summary>
public enum CentralStep
{
    Token,
    Search,
    Register,
    Part,
    Status,
    Response,
}

/// <summary>What can go wrong with a call.</summary>
public enum CentralFault
{
    /// <summary>The call is answered after half a second more.</summary>
    Latency,

    /// <summary>401: the access token ended before its time.</summary>
    TokenEnded,

    /// <summary>429 with Retry-After: 1.</summary>
    TooMany,

    /// <summary>500, nothing done.</summary>
    ServerError,

    /// <summary>The connection breaks before anything is done.</summary>
    RequestCut,

    /// <summary>Nothing is done until the caller hangs up.</summary>
    RequestHeld,

    /// <summary>The work is done, half of the answer arrives.</summary>
    AnswerCut,

    /// <summary>The work is done, nothing of the answer arrives.</summary>
    AnswerLost,

    /// <summary>The work is done, nothing of the answer arrives until the caller hangs up.</summary>
    AnswerHeld,

    /// <summary>The answer's document is signed by a signer of another root.</summary>
    WrongSignature,

    /// <summary>The answer's document is signed by one whose time is over, as when clocks differ by years.</summary>
    ClockSkew,

    /// <summary>A byte of the answer's document is another.</summary>
    Altered,

    /// <summary>200 with something that is no answer at all.</summary>
    Rubbish,
}

/// <summary>Faults that wait for their call. Each is used as often as was asked, then calls work again.</summary>
public sealed class CentralFaults
{
    private readonly Lock _lock = new();
    private readonly List<(CentralStep Step, CentralFault Fault, int Skip, int Times)> _waiting = [];
    private readonly ConcurrentQueue<(CentralStep Step, CentralFault Fault)> _happened = new();

    public IReadOnlyCollection<(CentralStep Step, CentralFault Fault)> Happened => _happened;

    /// <param name="skip">How many calls of this kind go well first.</param>
    public void Add(CentralStep step, CentralFault fault, int times = 1, int skip = 0)
    {
        lock (_lock)
        {
            _waiting.Add((step, fault, skip, times));
        }
    }

    /// <summary>Forgets those that have not happened yet.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _waiting.Clear();
        }
    }

    internal CentralFault? Next(CentralStep step)
    {
        lock (_lock)
        {
            var at = _waiting.FindIndex(waiting => waiting.Step == step);
            if (at < 0)
            {
                return null;
            }

            var (_, fault, skip, times) = _waiting[at];
            if (skip > 0)
            {
                _waiting[at] = (step, fault, skip - 1, times);
                return null;
            }

            if (times <= 1)
            {
                _waiting.RemoveAt(at);
            }
            else
            {
                _waiting[at] = (step, fault, 0, times - 1);
            }

            _happened.Enqueue((step, fault));
            return fault;
        }
    }
}
