using TransportGateway.Simulators;
using TransportGateway.Simulators.Commands;
using TransportGateway.Simulators.Load;

namespace TransportGateway.Tests.Simulators;

public sealed class LoadTests : IAsyncLifetime
{
    private FakeGateway gateway = null!;

    public async Task InitializeAsync() => gateway = await FakeGateway.StartAsync();

    public async Task DisposeAsync() => await gateway.DisposeAsync();

    [Theory]
    [InlineData(DeviceTransport.CallHome, false, false, LoadVerification.Now)]
    [InlineData(DeviceTransport.CallHome, false, false, LoadVerification.Later)]
    [InlineData(DeviceTransport.SmartTransport, true, false, LoadVerification.Never)]
    [InlineData(DeviceTransport.SmartTransport, false, true, LoadVerification.Later)]
    public async Task Every_request_is_sent_once_and_counted_once(
        DeviceTransport transport, bool fresh, bool presign, LoadVerification verification)
    {
        var plan = Plan(transport) with
        {
            Mix = presign ? new LoadMix(25, 75, 0) : new LoadMix(20, 60, 20),
            FreshConnections = fresh,
            Verification = verification,
            Presign = presign,
        };
        var report = await RunAsync(plan);

        Assert.Equal(100, report.Accepted);
        Assert.Equal(0, report.NotAccepted);
        Assert.Equal(plan.Mix.Register, report.Lines.Single(line => line.Operation == LoadOperation.Register).Accepted);
        Assert.Equal(plan.Mix.Authorize, report.Lines.Single(line => line.Operation == LoadOperation.Authorize).Accepted);
        Assert.Equal(108, gateway.Requests.Count);
        Assert.Equal(108, gateway.Requests.Select(request => request.Nonce).Distinct(StringComparer.Ordinal).Count());
        Assert.InRange(gateway.Connections.Count, fresh ? 108 : 1, fresh ? 108 : 4);
        Assert.All(report.Lines, line => Assert.True(line.P50 > TimeSpan.Zero && line.P50 <= line.P99 && line.P99 <= line.Max));
    }

    [Theory]
    [InlineData(LoadVerification.Now, 0)]
    [InlineData(LoadVerification.Later, 0)]
    [InlineData(LoadVerification.Never, 100)]
    public async Task An_answer_that_verifies_later_or_never_is_still_judged_as_was_asked(LoadVerification verification, int accepted)
    {
        gateway.EditSignedText = text => text + " ";
        var report = await RunAsync(Plan(DeviceTransport.SmartTransport) with { Mix = new LoadMix(100, 0, 0), Verification = verification });
        Assert.Equal(accepted, report.Accepted);
        Assert.Equal(100 - accepted, report.NotAccepted);
    }

    [Fact]
    public async Task Refused_failed_and_lost_requests_are_counted_apart()
    {
        var number = 0;
        gateway.EditResponse = response =>
        {
            switch (Interlocked.Increment(ref number) % 4)
            {
                case 1:
                    response["status"] = "FAILED";
                    response["message"] = $"The token 'load-{Guid.NewGuid()}' is not valid.";
                    response["response_data"] = "{}";
                    response["header"]!["product_instance_identifier"] = null;
                    break;
                case 2:
                    response["header"]!["vendor"] = "Acme";
                    break;
            }
        };
        gateway.BeBusy(7);
        var report = await RunAsync(Plan(DeviceTransport.SmartTransport) with { Mix = new LoadMix(100, 0, 0) });

        var line = Assert.Single(report.Lines);
        Assert.Equal(100, line.Sent);
        Assert.Equal(100, line.Accepted + line.Refused.Values.Sum() + line.Failed.Values.Sum());
        Assert.Equal("FAILED: The token '...' is not valid.", Assert.Single(line.Refused.Keys));
        Assert.Equal(7, line.Failed["HTTP error: the gateway answered HTTP 503"]);
        Assert.True(line.Failed["Vendor string failed to match: expected Cisco, got Acme"] > 10);
        Assert.Equal(2, line.Failed.Count);

        var text = new StringWriter();
        report.WriteTo(text, Plan(DeviceTransport.SmartTransport));
        Assert.Contains("7 x register failed: HTTP error: the gateway answered HTTP 503", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_ends_when_its_time_is_over()
    {
        var report = await RunAsync(Plan(DeviceTransport.SmartTransport) with
        {
            Requests = LoadPlan.MostRequests,
            Duration = TimeSpan.FromSeconds(1),
        });
        Assert.InRange(report.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(30));
        Assert.Equal(0, report.NotAccepted);
    }

    [Fact]
    public async Task Without_its_products_there_is_no_measurement()
    {
        gateway.Refusal = ("FAILED", "No.");
        var error = await Assert.ThrowsAsync<LoadPreparationException>(() => RunAsync(Plan(DeviceTransport.SmartTransport)));
        Assert.Equal(
            "8 of 8 products could not be registered before the measurement, so there is none. The last reason: FAILED: No.", error.Message);
    }

    [Theory]
    [InlineData("https://192.0.2.1/", "Load is only put on this machine: 192.0.2.1 is not a loopback address. Give 127.0.0.1, [::1] or localhost.")]
    [InlineData("https://10.0.0.1:8443/SmartTransport", "Load is only put on this machine: 10.0.0.1 is not a loopback address. Give 127.0.0.1, [::1] or localhost.")]
    public async Task Load_is_put_on_no_other_machine(string address, string sentence)
    {
        Assert.Equal([sentence], (Plan(DeviceTransport.SmartTransport) with { Address = new Uri(address) }).Faults());

        var file = Path.GetTempFileName();
        var error = new StringWriter();
        await File.WriteAllTextAsync(file, gateway.Authority.Root.ExportCertificatePem());
        Assert.Equal(1, await TgSim.RunAsync(
            ["load", "--url", address, "--ca", file, "--token", "t"], TextWriter.Null, error, TimeProvider.System));
        Assert.Equal(sentence, error.ToString().Trim());
        File.Delete(file);
    }

    [Theory]
    [InlineData("register=10,authorize=80,renew=10", 10, 80, 10)]
    [InlineData("authorize=100", 0, 100, 0)]
    public void A_mix_is_kept_exactly_over_every_hundred_requests(string text, int register, int authorize, int renew)
    {
        var mix = LoadMix.TryParse(text)!;
        Assert.Equal(new LoadMix(register, authorize, renew), mix);
        var operations = Enumerable.Range(300, 100).Select(request => mix.At(request)).ToArray();
        Assert.Equal(register, operations.Count(operation => operation == LoadOperation.Register));
        Assert.Equal(authorize, operations.Count(operation => operation == LoadOperation.Authorize));
        Assert.Equal(renew, operations.Count(operation => operation == LoadOperation.Renew));
    }

    [Theory]
    [InlineData("")]
    [InlineData("authorize=99")]
    [InlineData("authorize=-1,register=101")]
    [InlineData("authorise=100")]
    [InlineData("authorize")]
    public void A_mix_that_does_not_add_up_is_not_a_mix(string text) => Assert.Null(LoadMix.TryParse(text));

    private LoadPlan Plan(DeviceTransport transport) => new()
    {
        Address = gateway.Address(transport),
        Transport = transport,
        Anchors = new TrustAnchors(gateway.Authority.Root),
        Token = "a-token",
        Instances = 8,
        Connections = 4,
        Requests = 100,
        Keys = 1,
    };

    private static async Task<LoadReport> RunAsync(LoadPlan plan)
    {
        using var run = new LoadRun(plan);
        return await run.ExecuteAsync();
    }
}
