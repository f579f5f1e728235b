using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>A thread that lives in the network namespace of another process: a socket, or a network device, belongs for ever to the namespace of the thread that made it.</summary>
internal sealed partial class NamespaceThread : IDisposable
{
    private const int NewNetwork = 0x40000000;

    private readonly BlockingCollection<Action> _wanted = [];
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public NamespaceThread(int process)
    {
        var thread = new Thread(() => Serve(process)) { IsBackground = true, Name = "in a network namespace" };
        thread.Start();
        _entered.Task.GetAwaiter().GetResult();
    }

    public Socket NewSocket() => Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    public T Run<T>(Func<T> make)
    {
        var made = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _wanted.Add(() =>
        {
            try
            {
                made.SetResult(make());
            }
            catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
            {
                made.SetException(exception);
            }
        });
        return made.Task.GetAwaiter().GetResult();
    }

    public void Dispose() => _wanted.CompleteAdding();

    private void Serve(int process)
    {
        using (var target = File.OpenHandle($"/proc/{process}/ns/net"))
        {
            if (SetNamespace(target, NewNetwork) != 0)
            {
                _entered.SetException(new InvalidOperationException($"setns failed with {Marshal.GetLastPInvokeError()}; the cluster tests need root"));
                return;
            }
        }

        _entered.SetResult();
        foreach (var work in _wanted.GetConsumingEnumerable())
        {
            work();
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle target, int kind);
}
