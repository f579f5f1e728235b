using Microsoft.AspNetCore.Http.Features;

namespace TransportGateway.Http;

/// <param name="Seconds">That the headers of a request may take to come, and again its body; large bodies get more by their size.</param>
internal sealed record RequestTime(int Seconds)
{
    // Slower than any line that a gateway is managed over.
    private const int LeastBytesPerSecond = 16 * 1024;

    public string Sentence => $"The body did not arrive within {Seconds} seconds (request-seconds).";

    public TimeSpan For(long bytes) => TimeSpan.FromSeconds(Seconds + (bytes / LeastBytesPerSecond));
}

/// <summary>Bounds how long the body of a request may take to come. Runs after routing.</summary>
/// <remarks>Kestrel bounds the rate alone, and by that a patient sender holds a connection for more than an hour.</remarks>
internal sealed class BodyInTime(RequestDelegate next, RequestTime time, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true)
        {
            await next(context);
            return;
        }

        await using var body = new TimedBody(context.Request.Body, time, clock);
        context.Request.Body = body;
        await next(context);
    }

    private sealed class TimedBody(Stream inner, RequestTime time, TimeProvider clock) : Stream
    {
        private readonly long _started = clock.GetTimestamp();
        private readonly CancellationTokenSource _late = new(time.For(0), clock);
        private long _bytes;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        /// <exception cref="UnreadableException">The time is over.</exception>
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _late.Token);
            try
            {
                var read = await inner.ReadAsync(buffer, either.Token);
                Extend(read);
                return read;
            }
            catch (OperationCanceledException) when (_late.IsCancellationRequested)
            {
                throw new UnreadableException("body-too-slow", time.Sentence, StatusCodes.Status408RequestTimeout);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _late.Dispose();
            base.Dispose(disposing);
        }

        private void Extend(int read)
        {
            var before = time.For(_bytes);
            _bytes += read;
            if (time.For(_bytes) is var whole && whole > before && whole - clock.GetElapsedTime(_started) is var left && left > TimeSpan.Zero)
            {
                _late.CancelAfter(left);
            }
        }
    }
}
