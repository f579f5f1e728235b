namespace TransportGateway.Persistence;

/// <summary>A text that must not reach a log or an error: it prints as a mask, and is read only by asking for it.</summary>
internal sealed record Secret(string Value)
{
    public override string ToString() => "***";
}
