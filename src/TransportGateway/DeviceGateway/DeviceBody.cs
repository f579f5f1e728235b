namespace TransportGateway.DeviceGateway;

/// <summary>Reads what a product sends.</summary>
internal static class DeviceBody
{
    /// <summary>The body as it came, whatever its content type claims (8.7.11); null when it did not come whole and all has been said.</summary>
    public static async Task<byte[]?> ReadAsync(HttpContext context, long started)
    {
        try
        {
            // A length that was only announced takes no memory yet.
            const int Proposed = 16 * 1024;
            using var buffer = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? Proposed, Proposed));
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
            return buffer.TryGetBuffer(out var bytes) && bytes.Count == bytes.Array!.Length ? bytes.Array : buffer.ToArray();
        }
        catch (BadHttpRequestException exception)
        {
            var reason = exception.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => "The message is larger than this gateway accepts (max-body-bytes).",
                StatusCodes.Status408RequestTimeout => exception.Message,
                _ => "The message did not arrive whole.",
            };
            DeviceLog.Tell(context, new Answer.Unreadable(reason), started);
            context.Response.Headers.Connection = "close";
            await Http.ErrorForm.Of(context)!.WriteAsync(context, exception.StatusCode, reason);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            DeviceLog.Tell(context, new Answer.Unreadable("the connection broke before the message was whole"), started);
        }

        return null;
    }
}
