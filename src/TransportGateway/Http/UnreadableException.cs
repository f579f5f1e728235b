namespace TransportGateway.Http;

/// <summary>A request that cannot be, with the problem's name and the sentence that says what would be right.</summary>
internal sealed class UnreadableException(string name, string sentence, int statusCode = StatusCodes.Status400BadRequest) : BadHttpRequestException(sentence, statusCode)
{
    public string Name => name;
}
