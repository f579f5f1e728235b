using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.DeviceGateway;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>An answer as it came over the wire, for tests that look at more than a product would.</summary>
internal sealed class WireAnswer(HttpAnswer http)
{
    private static readonly XNamespace Soap = "http://www.w3.org/2003/05/soap-envelope";
    private static readonly XNamespace Block = "http://www.cisco.com/2004/01/aml-block";

    public HttpAnswer Http { get; } = http;

    public string Body => Encoding.UTF8.GetString(Http.Body);

    /// <summary>The reason in the SOAP fault.</summary>
    public string Fault => XDocument.Parse(Body).Descendants(Soap + "Text").Single().Value;

    /// <summary>Whose fault it is: <c>soap-env:Sender</c> or <c>soap-env:Receiver</c>.</summary>
    public string FaultCode => XDocument.Parse(Body).Descendants(Soap + "Value").First().Value;

    /// <summary>The text that the gateway signed.</summary>
    public string ResponseText => (string)JsonNode.Parse(Body.StartsWith('<') ? XDocument.Parse(Body).Descendants(Block + "Data").Single().Value : Body)!["response"]!;

    public JsonNode Response => JsonNode.Parse(ResponseText)!;

    public JsonNode Header => Response["header"]!;

    public JsonNode Data => JsonNode.Parse((string)Response["response_data"]!)!;

    public string Status => (string)Response["status"]!;

    public string? Message => (string?)Response["message"];
}

internal static class WireAnswers
{
    public static async Task<WireAnswer> PostAsync(this GatewayClient client, SealedMessage message, ProductDefinition? product = null) =>
        await client.PostAsync(client.Write(message, product ?? SeedProducts.Cucmpub), client.ContentType);

    public static async Task<WireAnswer> PostAsync(this GatewayClient client, byte[] body, string? contentType) =>
        new(Assert.IsType<Delivery.Answered>(await client.SendRawAsync(body, contentType)).Answer);

    /// <summary>An errors hash with one sentence.</summary>
    public static string Errors(string field, string sentence) => $"{{\"{field}\":[\"{sentence}\"]}}";

    public static string IdentityErrors(string? instanceId) =>
        Errors("product_instance_identifier", $"The identity for the instance {instanceId} is not valid.Please re-register the instance.");

    /// <summary>Everything that a refused message must leave as it is, as one text.</summary>
    public static async Task<string> StateAsync(this TestGateway gateway) => string.Join('\n', await gateway.ReadAsync(session => session.QueryAsync<string>(
        """
        SELECT 'instance ' || id || ' ' || state || ' ' || virtual_account_id || ' ' || CAST(registered_at AS TEXT) || ' ' || COALESCE(authorization_status, '-') AS line FROM product_instances
        UNION ALL SELECT 'certificate ' || serial || ' ' || state FROM id_certificates
        UNION ALL SELECT 'token ' || id || ' ' || CAST(uses AS TEXT) FROM registration_tokens
        UNION ALL SELECT 'usage ' || instance_id || ' ' || tag || ' ' || CAST(quantity AS TEXT) FROM license_usages
        UNION ALL SELECT 'pool ' || virtual_account_id || ' ' || tag || ' ' || CAST(in_use AS TEXT) FROM license_pools
        ORDER BY line
        """,
        null,
        CancellationToken.None)));

    /// <summary>A FAILED with exactly this message, by which nothing changed; hands back the events it caused, the oldest first.</summary>
    public static async Task<IReadOnlyList<string>> AssertRefusedAsync(this TestGateway gateway, string message, Func<Task<WireAnswer>> send)
    {
        var before = await gateway.StateAsync();
        var known = (await gateway.EventsAsync()).Select(entry => entry.Id).ToHashSet(StringComparer.Ordinal);
        var answer = await send();
        Assert.Equal(200, answer.Http.Status);
        Assert.Equal(("FAILED", message), (answer.Status, answer.Message));
        Assert.Equal("{}", (string?)answer.Response["response_data"]);
        Assert.Matches("^[A-Z_]+$", (string?)answer.Response["message_code"]);
        Assert.Equal(before, await gateway.StateAsync());
        return [.. (await gateway.EventsAsync()).Where(entry => !known.Contains(entry.Id)).Reverse().Select(entry => $"{entry.Kind}: {entry.Message}")];
    }

    public static async Task ExecuteAsync(this TestGateway gateway, string sql, object? parameters = null)
    {
        await using var session = await gateway.Database.BeginAsync();
        await session.ExecuteAsync(sql, parameters, CancellationToken.None);
        await session.CommitAsync();
    }

    public static Task<long> CountAsync(this TestGateway gateway, string table) =>
        gateway.ReadAsync(session => session.ScalarAsync<long>($"SELECT COUNT(*) FROM {table}", null, CancellationToken.None));

    /// <summary>What the archive holds of messages whose sender could not be proved, the newest first.</summary>
    public static Task<IReadOnlyList<byte[]>> RefusedMessagesAsync(this TestGateway gateway) => gateway.ReadAsync<IReadOnlyList<byte[]>>(async session =>
    {
        var archive = new RefusedMessages(session, gateway.Gateway.Services.GetRequiredService<MasterKey>());
        var messages = new List<byte[]>();
        foreach (var listed in await archive.ListAsync(after: null, RefusedMessages.MostKept + 1, CancellationToken.None))
        {
            messages.Add((await archive.ReadAsync(listed.Id, CancellationToken.None))!.Request);
        }

        return messages;
    });

    public static async Task<SimulatedProduct> RegisteredAsync(this TestGateway gateway, ProductDefinition definition, SimulatedProduct? product = null)
    {
        product ??= gateway.Product(definition);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await gateway.CreateTokenAsync()));
        return product;
    }

    public static SealedMessage Sealed(this MessageDraft draft, Action<MessageDraft> change)
    {
        change(draft);
        return draft.Seal();
    }
}
