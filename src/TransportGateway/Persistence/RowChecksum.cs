using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TransportGateway.Persistence;

/// <summary>Counts rows and takes a SHA-256 over all of them, in an encoding that is the same whichever engine they came from.</summary>
internal sealed class RowChecksum : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public long Rows { get; private set; }

    public void Add(object?[] row)
    {
        Rows++;
        foreach (var value in row)
        {
            Add(value);
        }
    }

    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();

    private void Add(object? value)
    {
        switch (value)
        {
            case null:
                Add(0, []);
                break;
            case string text:
                Add(1, Encoding.UTF8.GetBytes(text));
                break;
            case long or int or bool:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64BigEndian(number, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                Add(2, number);
                break;
            case byte[] bytes:
                Add(3, bytes);
                break;
            case decimal exact:
                // 1.50 and 1.5 are one number; the division takes the zeros at the end away.
                Add(4, Encoding.ASCII.GetBytes((exact / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture)));
                break;
            default:
                throw new InvalidOperationException($"A value of the type {value.GetType()} is not moved.");
        }
    }

    /// <remarks>With its kind and length, so that no two rows of different values look alike.</remarks>
    private void Add(byte kind, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], bytes.Length);
        _hash.AppendData(head);
        _hash.AppendData(bytes);
    }
}
