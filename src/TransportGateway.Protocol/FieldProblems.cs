namespace TransportGateway.Protocol;

/// <summary>
/// The first thing that is wrong with an object, in two kinds: a required field that is missing rules a message out before its signature is
/// looked at, a bad value only afterwards.
/// </summary>
internal sealed class FieldProblems
{
    public string? MissingField { get; private set; }

    public string? BadValue { get; private set; }

    public string? Any => MissingField ?? BadValue;

    public void Missing(WireName field, string path) =>
        MissingField ??= ErrorsHash.For(field.Canonical, $"The field {path} is missing.");

    public void Bad(string field, string sentence) => BadValue ??= ErrorsHash.For(field, sentence);
}
