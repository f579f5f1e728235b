namespace TransportGateway.DeviceGateway;

/// <summary>When products come back (wire-protocol 4.1 and 8.7.30); they compute their own next attempts from these.</summary>
internal static class Timers
{
    /// <summary>Renewal of the ID certificate, from its issue (observed, exactly).</summary>
    public static readonly TimeSpan IdCertificateRenewal = TimeSpan.FromDays(180);

    /// <summary>Next authorisation when all is covered or nothing is used (observed, exactly).</summary>
    public static readonly TimeSpan Authorization = TimeSpan.FromDays(30);

    /// <summary>Next authorisation when out of compliance (observed).</summary>
    public static readonly TimeSpan OutOfCompliance = TimeSpan.FromHours(12);

    /// <summary>The communication deadline (observed).</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromDays(90);
}
