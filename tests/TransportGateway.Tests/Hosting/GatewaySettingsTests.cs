using TransportGateway.Hosting;

namespace TransportGateway.Tests.Hosting;

public sealed class GatewaySettingsTests
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public void Without_any_setting_the_gateway_listens_for_products_over_https_alone()
    {
        var (settings, errors) = GatewaySettings.Load([], Nothing);
        Assert.Empty(errors);
        Assert.Equal("[::]:8443", settings!.EndPoints("listen-https").Single().ToString());
        Assert.Empty(settings.EndPoints("listen-http"));
        Assert.Equal("sqlite", settings.Text("database"));
    }

    [Fact]
    public void The_command_line_counts_before_the_environment_and_that_before_the_file()
    {
        using var file = new TemporaryFile("""{ "organization": "file", "archive-days": 7, "event-days": 8, "host-alternative-names": ["a.example", "192.0.2.1"] }""");
        var (settings, errors) = GatewaySettings.Load(
            ["--config", file.Path, "--organization=command line"],
            new Dictionary<string, string> { ["TG_ORGANIZATION"] = "environment", ["TG_ARCHIVE_DAYS"] = "9" });
        Assert.Empty(errors);
        Assert.Equal("command line", settings!.Text("organization"));
        Assert.Equal(9, settings.Number("archive-days"));
        Assert.Equal(8, settings.Number("event-days"));
        Assert.Equal(["a.example", "192.0.2.1"], settings.List("host-alternative-names"));
    }

    [Fact]
    public void Every_error_is_reported_at_once_with_its_key_and_what_would_be_right()
    {
        using var file = new TemporaryFile("""{ "archive-days": 0, "databse": "sqlite" }""");
        var (settings, errors) = GatewaySettings.Load(
            ["--config", file.Path, "--listen-https", "somewhere", "--host-name=https://licences.example.com/", "--nonsense", "1", "stray"],
            new Dictionary<string, string> { ["TG_LOG_LEVEL"] = "loud", ["TG_ARCHIV_DAYS"] = "3" });
        Assert.Null(settings);
        Assert.Equal(
            [
                "stray: options begin with --; see --help.",
                "--nonsense: there is no such option; see --help for all of them.",
                $"archive-days in {file.Path}: a whole number from 1 to 3650 is needed.",
                $"databse in {file.Path}: there is no such setting; see --help for all of them.",
                "TG_ARCHIV_DAYS: there is no such setting; did you mean archive-days.",
                "TG_LOG_LEVEL: one of debug, information, warning, error is needed.",
                "--listen-https: 'somewhere' is not an address and port; write 8443 for all addresses, 192.0.2.1:8443 or [2001:db8::1]:8443.",
                "--host-name: 'https://licences.example.com/' is a URL; only the host part is needed, as in licences.example.com.",
            ],
            errors.OrderBy(error => Array.FindIndex(
                ["stray", "--nonsense", "archive-days", "databse", "TG_ARCHIV_DAYS", "TG_LOG_LEVEL", "--listen", "--host"], start => error.StartsWith(start, StringComparison.Ordinal))));
    }

    [Fact]
    public void An_address_as_host_name_needs_listeners_of_one_family()
    {
        var (_, errors) = GatewaySettings.Load(["--host-name", "192.0.2.1"], Nothing);
        Assert.StartsWith("host-name: '192.0.2.1' is an address, but the gateway listens on IPv4 and IPv6: use a fully qualified name", errors.Single(), StringComparison.Ordinal);
        Assert.Empty(GatewaySettings.Load(["--host-name", "192.0.2.1", "--listen-https", "0.0.0.0:8443"], Nothing).Errors);
    }

    [Fact]
    public void The_listener_of_browsers_cannot_be_the_one_of_products()
    {
        var (_, errors) = GatewaySettings.Load(["--listen-admin", "8443"], Nothing);
        Assert.Equal("listen-admin: [::]:8443 is in listen-https already; choose another port for browsers.", errors.Single());
    }

    [Fact]
    public void PostgreSql_needs_a_connection_string()
    {
        var (_, errors) = GatewaySettings.Load(["--database", "postgresql"], Nothing);
        Assert.StartsWith("postgresql-connection: needed", errors.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_help_text_names_every_setting()
    {
        Assert.All(GatewaySettings.All, setting => Assert.Contains("--" + setting.Key, GatewaySettings.Help(), StringComparison.Ordinal));
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string content) => File.WriteAllText(Path, content);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
