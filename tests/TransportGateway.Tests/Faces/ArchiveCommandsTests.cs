using System.Text.Json.Nodes;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The archive of messages in the console.</summary>
public sealed class ArchiveCommandsTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_message_is_found_by_its_product_and_shown_with_its_levels_opened()
    {
        var token = await _gateway.CreateTokenAsync();
        var message = _gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Seal();
        await _gateway.Client().PostAsync(message);
        var id = Assert.Single(await _gateway.InstancesAsync()).Id;
        await _gateway.RegisteredAsync(SeedProducts.Pi37);

        var table = await _gateway.TgctlDoneAsync("archive", "list", "--instance", id);
        foreach (var text in new[] { "REGISTRATION", "smart-transport", "127.0.0.1", SeedProducts.Cucmpub.HostName!, "OK", "Showing 1 Records" })
        {
            Assert.Contains(text, table, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(token, table, StringComparison.Ordinal);
        Assert.Contains("Showing 1 Records", await _gateway.TgctlDoneAsync("archive", "list", "--limit", "1"), StringComparison.Ordinal);
        var row = Assert.Single(JsonNode.Parse(await _gateway.TgctlDoneAsync("archive", "list", "--instance", id, "-o", "json"))!.AsArray())!;

        var shown = await _gateway.TgctlDoneAsync("archive", "show", row["id"]!.ToString());
        // Levels two and three travel as texts; a person sees their members.
        Assert.Contains($"\"request_type\": \"REGISTRATION\"", shown, StringComparison.Ordinal);
        Assert.Contains(token, shown, StringComparison.Ordinal);
        Assert.Contains("What was answered:", shown, StringComparison.Ordinal);
        Assert.Contains($"\"product_instance_identifier\": \"{id}\"", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\\\"", shown, StringComparison.Ordinal);

        var raw = JsonNode.Parse(await _gateway.TgctlDoneAsync("archive", "show", row["id"]!.ToString(), "-o", "json"))!;
        Assert.Equal(message.Json, raw["request"]!.ToString());
        Assert.Equal(2, (await _gateway.EventsAsync(EventKinds.ArchivedMessageRead)).Count);
    }

    [Fact]
    public async Task What_a_stranger_sent_commands_no_terminal()
    {
        await _gateway.Client().PostAsync("first\r\n\u001b[2Jsecond \u009b2J"u8.ToArray(), "application/json");
        await _gateway.Client().PostAsync("""{"request":"\u001b[2J","twice":1,"twice":2}"""u8.ToArray(), "application/json");
        await _gateway.Client().PostAsync("{\"request\":\"\u009b2J\"}"u8.ToArray(), "application/json");
        await _gateway.Client().PostAsync([0xFF, 0x1B], "application/json");

        Assert.Contains("Showing 4 Records", await _gateway.TgctlDoneAsync("archive", "list", "--refused"), StringComparison.Ordinal);
        var rows = JsonNode.Parse(await _gateway.TgctlDoneAsync("archive", "list", "--refused", "-o", "json"))!.AsArray();
        var shown = new List<string>();
        foreach (var row in rows.Reverse())
        {
            shown.Add(await _gateway.TgctlDoneAsync("archive", "show", row!["id"]!.ToString()));
        }

        Assert.All(shown, text => Assert.DoesNotContain(text, letter => char.IsControl(letter) && letter != '\n'));
        Assert.Contains("first\n?[2Jsecond ?2J\n", shown[0], StringComparison.Ordinal);
        Assert.Contains("\"twice\":2", shown[1], StringComparison.Ordinal);
        Assert.Contains("\"request\": \"\\u009B2J\"", shown[2], StringComparison.Ordinal);
        Assert.Contains("It is no text. In base64: /xs=", shown[3], StringComparison.Ordinal);
        Assert.All(shown, text => Assert.Contains("What was answered was not kept.", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task There_are_no_refused_messages_of_one_product_instance()
    {
        var (code, _, errors) = await Consoles.TgctlAsync(_gateway.Gateway.Directory.Path, "archive", "list", "--refused", "--instance", "x");
        Assert.Equal(2, code);
        Assert.Contains("leave --instance out, or --refused", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_not_there_is_told() =>
        Assert.Contains("There is no message 'nothing' in the archive", await _gateway.TgctlRefusedAsync("archive", "show", "nothing"), StringComparison.Ordinal);
}
