using System.Runtime.CompilerServices;

namespace TransportGateway.Protocol.Exchange;

/// <summary>A document as a file: the DER encodings of its parts, one behind the other.</summary>
public static class ExchangeFile
{
    /// <summary>Reads one part after the other, never more than one into memory.</summary>
    /// <exception cref="ExchangeRefusedException">The bytes are not such a file, or it is cut, or over the bounds of the format.</exception>
    public static async IAsyncEnumerable<byte[]> ReadPartsAsync(Stream file, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var part = 0; await ReadPartAsync(file, cancellationToken) is { } der; part++)
        {
            if (part >= ExchangeFormat.MostParts)
            {
                throw new ExchangeRefusedException($"it has more than {ExchangeFormat.MostParts} parts");
            }

            yield return der;
        }
    }

    private static async Task<byte[]?> ReadPartAsync(Stream file, CancellationToken cancellationToken)
    {
        var header = new byte[2];
        var read = await file.ReadAtLeastAsync(header, 2, throwOnEndOfStream: false, cancellationToken);
        if (read == 0)
        {
            return null;
        }

        // A SEQUENCE with a definite length: 0x30, then either the length itself or the number of bytes that hold it.
        const int Sequence = 0x30;
        const int LongForm = 0x80;
        if (read < 2 || header[0] != Sequence || header[1] is LongForm or > LongForm + 4)
        {
            throw new ExchangeRefusedException("it is not a file of this exchange, or it is cut");
        }

        long length = header[1];
        if (length > LongForm)
        {
            var lengthBytes = new byte[header[1] - LongForm];
            await ReadAllAsync(file, lengthBytes, cancellationToken);
            length = lengthBytes.Aggregate(0L, (value, next) => (value << 8) | next);
            header = [.. header, .. lengthBytes];
        }

        if (length + header.Length > ExchangeFormat.MostPartBytes)
        {
            throw new ExchangeRefusedException($"a part of it claims {length} bytes; at most {ExchangeFormat.MostPartBytes} are read");
        }

        var part = new byte[header.Length + length];
        header.CopyTo(part, 0);
        await ReadAllAsync(file, part.AsMemory(header.Length), cancellationToken);
        return part;
    }

    private static async Task ReadAllAsync(Stream file, Memory<byte> into, CancellationToken cancellationToken)
    {
        if (await file.ReadAtLeastAsync(into, into.Length, throwOnEndOfStream: false, cancellationToken) < into.Length)
        {
            throw new ExchangeRefusedException("it is cut: it ends in the middle of a part");
        }
    }
}
