using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The figures that a monitoring system collects.</summary>
public sealed partial class MetricsTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Messages_instances_and_licences_are_counted()
    {
        var product = _gateway.Product(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync()));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        using var client = await _gateway.RestClientAsync(null, Permission.ReadMetrics);

        var figures = Parse(await client.GetStringAsync("/metrics"));
        Assert.Equal(1, figures["transport_gateway_active"]);
        Assert.Equal(1, figures["""transport_gateway_product_message_duration_seconds_count{transport="smart-transport",type="Registration",status="OK"}"""]);
        Assert.Equal(1, figures["""transport_gateway_product_message_duration_seconds_bucket{transport="smart-transport",type="Authorization",status="OK",le="+Inf"}"""]);
        Assert.Equal(1, figures["""transport_gateway_product_instances{account="Example Account",virtual_account="Default",registered="here"}"""]);
        Assert.Equal(3, figures.Where(figure => figure.Key.StartsWith("transport_gateway_licenses_in_use{", StringComparison.Ordinal)).Count());
        Assert.Equal(-5, figures.Where(figure => figure.Key.StartsWith("transport_gateway_licenses_balance{", StringComparison.Ordinal)).Sum(figure => figure.Value));
        Assert.True(figures["""transport_gateway_alerts{severity="Major"}"""] + figures["""transport_gateway_alerts{severity="Minor"}"""] >= 3);
        Assert.InRange(figures["transport_gateway_host_certificate_expiry_timestamp_seconds"], DateTimeOffset.UnixEpoch.AddYears(50).ToUnixTimeSeconds(), DateTimeOffset.UnixEpoch.AddYears(200).ToUnixTimeSeconds());
    }

    [Fact]
    public async Task A_client_of_one_account_gets_no_figures_of_the_others()
    {
        using var own = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ReadMetrics);
        using var answer = await own.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public void Values_of_labels_cannot_break_out()
    {
        var text = new PrometheusText().Family("x", "gauge", "A figure.").Sample("x", 1.5, ("name", "a\"b\\c\nd"));
        Assert.Equal("# HELP x A figure.\n# TYPE x gauge\nx{name=\"a\\\"b\\\\c\\nd\"} 1.5\n", text.ToString());
    }

    /// <summary>Every sample by its name and labels; fails on a line that is neither sample nor comment.</summary>
    private static Dictionary<string, double> Parse(string text)
    {
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#')))
        {
            var match = Sample().Match(line);
            Assert.True(match.Success, line);
            samples.Add(match.Groups["name"].Value, double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture));
        }

        return samples;
    }

    [GeneratedRegex("""^(?<name>[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})?) (?<value>-?[0-9.E+-]+)$""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Sample();
}
