namespace TransportGateway.Persistence;

/// <summary>Identifiers are made by us, as text: they sort by time and look the same on both engines.</summary>
internal static class Ids
{
    public static string New(DateTimeOffset now) => Guid.CreateVersion7(now).ToString();
}
