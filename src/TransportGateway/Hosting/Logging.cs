namespace TransportGateway.Hosting;

/// <summary>Log lines on standard output: for people, for collectors, or for the journal.</summary>
internal static class Logging
{
    public static void Configure(ILoggingBuilder logging, GatewaySettings settings)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(Enum.Parse<LogLevel>(settings.Text("log-level"), ignoreCase: true));
        logging.AddFilter("Microsoft", LogLevel.Warning);
        switch (settings.Text("log-format"))
        {
            case "json":
                logging.AddJsonConsole(options => options.UseUtcTimestamp = true);
                break;
            case "systemd":
            case "auto" when Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 }:
                logging.AddSystemdConsole();
                break;
            default:
                logging.AddSimpleConsole(options =>
                {
                    options.SingleLine = true;
                    options.TimestampFormat = "yyyy-MM-dd HH:mm:ss'Z' ";
                    options.UseUtcTimestamp = true;
                });
                break;
        }
    }
}
