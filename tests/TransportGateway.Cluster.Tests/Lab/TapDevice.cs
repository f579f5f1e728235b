using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>A network device whose frames go through this process.</summary>
internal sealed partial class TapDevice : IDisposable
{
    private const nuint SetInterface = 0x400454ca;
    private const ushort FramesWithoutHeader = 0x1002;
    private const int LongestFrame = 2048;

    private readonly FileStream _frames;

    private TapDevice(SafeFileHandle handle) => _frames = new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0);

    /// <summary>Makes one in the namespace of the thread that calls; it goes away with <see cref="Dispose"/>.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static TapDevice Create(string name)
    {
        var handle = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var request = new byte[40];
        Encoding.ASCII.GetBytes(name, request);
        BinaryPrimitives.WriteUInt16LittleEndian(request.AsSpan(16), FramesWithoutHeader);
        if (Control(handle, SetInterface, request) != 0)
        {
            handle.Dispose();
            throw new IOException($"The kernel makes no device {name} (error {Marshal.GetLastPInvokeError()}).");
        }

        return new TapDevice(handle);
    }

    /// <summary>The next frame; null when the device is gone.</summary>
    public byte[]? Read()
    {
        var frame = new byte[LongestFrame];
        try
        {
            var length = _frames.Read(frame);
            return length > 0 ? frame[..length] : null;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Sends a frame; one that the device does not take is lost, as on any cable.</summary>
    public void Write(byte[] frame)
    {
        try
        {
            _frames.Write(frame);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The device is down or gone.
        }
    }

    public void Dispose() => _frames.Dispose();

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeHandle device, nuint request, [In] byte[] argument);
}
