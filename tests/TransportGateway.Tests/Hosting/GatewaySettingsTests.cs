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
            ["--config", file.Path, "--listen-https", "somewhere", "--host-name=https://licences.example.com/", "--nonsense", "1", "postgresql-connection=Password=very-secret", "very-secret"],
            new Dictionary<string, string> { ["TG_LOG_LEVEL"] = "loud", ["TG_ARCHIV_DAYS"] = "3" });
        Assert.Null(settings);
        Assert.Equal(
            [
                "postgresql-connection: options begin with --; see --help.",
                "Argument 9: options begin with --; see --help.",
                "--nonsense: there is no such option; see --help for all of them.",
                $"archive-days in {file.Path}: a whole number from 1 to 3650 is needed.",
                $"databse in {file.Path}: there is no such setting; see --help for all of them.",
                "TG_ARCHIV_DAYS: there is no such setting; did you mean archive-days.",
                "TG_LOG_LEVEL: one of debug, information, warning, error is needed.",
                "--listen-https: 'somewhere' is not an address and port; write 8443 for all addresses, 192.0.2.1:8443 or [2001:db8::1]:8443.",
                "--host-name: 'https://licences.example.com/' is a URL; only the host part is needed, as in licences.example.com.",
            ],
            errors.OrderBy(error => Array.FindIndex(
                ["postgresql-connection", "Argument", "--nonsense", "archive-days", "databse", "TG_ARCHIV_DAYS", "TG_LOG_LEVEL", "--listen", "--host"], start => error.StartsWith(start, StringComparison.Ordinal))));
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
        Assert.Equal("listen-admin: [::]:8443 is in listen-https already; choose another port.", errors.Single());
    }

    [Theory]
    [InlineData("listen-https=192.0.2.1:8443", "listen-http=8443", "listen-http: [::]:8443 is in listen-https already (192.0.2.1:8443); choose another port.")]
    [InlineData("listen-https=8443", "listen-http=192.0.2.1:8443", "listen-http: 192.0.2.1:8443 is in listen-https already ([::]:8443); choose another port.")]
    [InlineData("listen-admin=0.0.0.0:9443", "listen-http=192.0.2.1:9443", "listen-http: 192.0.2.1:9443 is in listen-admin already (0.0.0.0:9443); choose another port.")]
    [InlineData("listen-http=80,80", "listen-admin=9443", "listen-http: [::]:80 is in listen-http already; choose another port.")]
    public void Listeners_that_meet_are_told_before_the_second_one_fails(string first, string second, string error)
    {
        Assert.Equal(error, GatewaySettings.Load(["--" + first, "--" + second], Nothing).Errors.Single());
    }

    [Fact]
    public void Listeners_apart_are_none_of_them_in_the_way_of_the_others() =>
        Assert.Empty(GatewaySettings.Load(["--listen-https=192.0.2.1:443,[2001:db8::1]:443", "--listen-admin=192.0.2.2:443", "--listen-http=0.0.0.0:80", "--host-name=licences.example.com"], Nothing).Errors);

    [Fact]
    public void What_settings_must_be_to_one_another_is_told_together_with_all_else()
    {
        var (_, errors) = GatewaySettings.Load(["--archive-days=0", "--database=postgresql", "--listen-https=", "--listen-admin=9443", "--listen-http=9443"], Nothing);
        Assert.Equal(
            [
                "--archive-days: a whole number from 1 to 3650 is needed.",
                "postgresql-connection: needed when database is postgresql, as in Host=db.example;Database=gateway;Username=gateway.",
                "listen-https: at least one address and port is needed; products and administrators come in there.",
                "listen-http: [::]:9443 is in listen-admin already; choose another port.",
            ],
            errors);
    }

    [Theory]
    [InlineData("Host=db.example;Passwort=very-secret")]
    [InlineData("very-secret")]
    [InlineData("Host=db.example;Port=very-secret")]
    [InlineData("Host=db.example;Port=99999999999999;Password=very-secret")]
    public void A_connection_string_that_is_none_is_told_without_its_text(string text)
    {
        var (_, errors) = GatewaySettings.Load(["--database=postgresql"], new Dictionary<string, string> { ["TG_POSTGRESQL_CONNECTION"] = text });
        Assert.Equal(
            "TG_POSTGRESQL_CONNECTION: not an Npgsql connection string; write Key=Value pairs with semicolons between, as in Host=db.example;Database=gateway;Username=gateway.",
            errors.Single());
    }

    [Theory]
    [InlineData("Host=db.example;Password=very-secret;Target Session Attributes=read-write")]
    [InlineData("Host=db.example;Password=very-secret;Pooling=false;Multiplexing=true")]
    public void A_connection_string_whose_parts_do_not_go_together_is_told_without_its_text(string text)
    {
        var (_, errors) = GatewaySettings.Load(["--database=postgresql"], new Dictionary<string, string> { ["TG_POSTGRESQL_CONNECTION"] = text });
        Assert.StartsWith("TG_POSTGRESQL_CONNECTION: ", errors.Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", errors.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_read_or_is_no_object_of_settings_is_told_by_its_name()
    {
        Assert.StartsWith("/nowhere/gateway.json: the file cannot be read (", GatewaySettings.Load(["--config=/nowhere/gateway.json"], Nothing).Errors.Single(), StringComparison.Ordinal);
        using var file = new TemporaryFile("[1]");
        Assert.StartsWith($"{file.Path}: not a JSON object of settings (", GatewaySettings.Load(["--config", file.Path], Nothing).Errors.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("REGISTER", "'REGISTER' is not a name and what it means, as in REGISTER=REGISTRATION; what is served is AUTHORIZATION, DEREGISTRATION, ID_CERT_RENEW, POLL, REGISTRATION, THIRD_PARTY_KEY.")]
    [InlineData("REGISTER=TRUST", "'REGISTER=TRUST' is not a name and what it means, as in REGISTER=REGISTRATION; what is served is AUTHORIZATION, DEREGISTRATION, ID_CERT_RENEW, POLL, REGISTRATION, THIRD_PARTY_KEY.")]
    [InlineData("=POLL", "'=POLL' is not a name and what it means, as in REGISTER=REGISTRATION; what is served is AUTHORIZATION, DEREGISTRATION, ID_CERT_RENEW, POLL, REGISTRATION, THIRD_PARTY_KEY.")]
    [InlineData("POLL=AUTHORIZATION", "'POLL' means POLL already.")]
    public void An_alias_that_means_nothing_is_told(string alias, string sentence) =>
        Assert.Equal("--request-type-aliases: " + sentence, GatewaySettings.Load(["--request-type-aliases=" + alias], Nothing).Errors.Single());

    [Fact]
    public void A_product_type_that_will_not_do_is_told() => Assert.Equal(
        "--product-types: 'ISR' is not the name in a software tag and a product type, as in ISR*=ROUTER; both are letters, digits, '-' and '_', and a '*' ends a name that only begins so.",
        GatewaySettings.Load(["--product-types=UCM=UCL,ISR"], Nothing).Errors.Single());

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
