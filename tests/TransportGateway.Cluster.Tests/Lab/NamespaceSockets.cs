using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>Makes sockets in the network namespace of another process. A socket belongs for ever to the namespace of the thread that made it, so one thread lives there.</summary>
internal sealed partial class NamespaceSockets : IDisposable
{
    private const int NewNetwork = 0x40000000;

    private readonly BlockingCollection<TaskCompletionSource<Socket>> _wanted = [];
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public NamespaceSockets(int process)
    {
        var thread = new Thread(() => Serve(process)) { IsBackground = true, Name = "sockets of a namespace" };
        thread.Start();
        _entered.Task.GetAwaiter().GetResult();
    }

    public Socket New()
    {
        var wanted = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        _wanted.Add(wanted);
        return wanted.Task.GetAwaiter().GetResult();
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
        foreach (var wanted in _wanted.GetConsumingEnumerable())
        {
            try
            {
                wanted.SetResult(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
            }
            catch (SocketException exception)
            {
                wanted.SetException(exception);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle target, int kind);
}
