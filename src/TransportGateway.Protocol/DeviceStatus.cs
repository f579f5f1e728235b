namespace TransportGateway.Protocol;

/// <summary>Status words of an answer. Seen on devices and in the REST twin; their place in the answer is inferred.</summary>
public static class DeviceStatus
{
    public const string Ok = "OK";
    public const string OkPoll = "OK_POLL";
    public const string OkTryAgain = "OK_TRY_AGAIN";
    public const string Failed = "FAILED";
    public const string VersionTooHigh = "VERSION_TOO_HIGH";
}
