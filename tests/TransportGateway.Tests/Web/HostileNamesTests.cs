using System.Net;
using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>Script in every text that comes from outside: from people, products, Software Central, directories and browsers, by whatever way it got in.</summary>
public sealed partial class HostileNamesTests
{
    private const string Script = "\"'><img src=x onerror=alert(1)>";
    private const int MostPages = 400;

    /// <summary>Columns that pages show.</summary>
    private static readonly string[] Shown =
    [
        "accounts.name", "accounts.created_by", "accounts.smart_account", "accounts.cloud_virtual_account", "alerts.message", "alerts.source", "api_clients.created_by", "api_clients.name",
        "backups.node", "backups.problem", "backups.started_by", "browser_certificates.created_by", "dialled_names.name", "dialled_names.product", "entitlements.display_name",
        "events.actor", "events.message", "license_tags.name", "mails.outcome", "mails.recipient", "mails.subject", "product_instances.agent_version", "product_instances.host_name", "product_instances.product_type",
        "product_instances.udi_pid", "product_instances.udi_serial_number", "product_instances.udi_vid", "product_instances.uuid", "registration_tokens.created_by", "registration_tokens.description",
        "relayed_instances.host_name", "relayed_instances.upstream", "sessions.agent", "sessions.source", "synchronization_runs.cause", "synchronization_runs.started_by",
        "users.email", "users.first_name", "users.last_name", "users.name", "virtual_accounts.description", "virtual_accounts.name", "webhook_deliveries.outcome", "webhooks.address", "webhooks.name",
    ];

    /// <summary>Columns by which names are looked up, without regard to case.</summary>
    private static readonly string[] Keyed = ["accounts", "virtual_accounts", "users", "license_tags"];

    [Fact]
    public async Task Script_in_any_text_of_the_database_is_text_on_every_page()
    {
        await using var populated = await PopulatedGateway.StartAsync<SqliteEngine>();
        var gateway = populated.Gateway;
        await gateway.UserAsync("admin", Roles.SystemAdministrator);
        // They would write over what is written here.
        await gateway.StopJobsAsync();
        foreach (var column in Shown)
        {
            var (table, name) = column.Split('.') is [var first, var second] ? (first, second) : throw new InvalidOperationException(column);
            var exception = table == "users" ? " WHERE name_key <> 'ADMIN'" : "";
            await gateway.ExecuteAsync($"UPDATE {table} SET {name} = @Script || '{column}' || COALESCE({name}, rowid){exception}", new { Script });
        }

        foreach (var table in Keyed)
        {
            foreach (var (id, name) in await gateway.ReadAsync(session => session.QueryAsync<(string, string)>($"SELECT id, name FROM {table}", null, CancellationToken.None)))
            {
                await gateway.ExecuteAsync($"UPDATE {table} SET name_key = @Key WHERE id = @Id", new { Id = id, Key = Names.Key(name) });
            }
        }

        using var browser = await Browser.SignInAsync(gateway, "admin");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var pages = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>(["/administration", "/licensing", "/profile"]);
        while (waiting.TryDequeue(out var path) && pages.Count < MostPages)
        {
            if (!pages.Add(ListOrder().Replace(path, "")))
            {
                continue;
            }

            using var answer = await browser.GetAsync(path);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, $"{path}: {answer.StatusCode}");
            if (answer.Headers.Location is { } elsewhere)
            {
                waiting.Enqueue(elsewhere.ToString());
            }

            if (answer.Content.Headers.ContentType?.MediaType != "text/html")
            {
                continue;
            }

            var page = await answer.Content.ReadAsStringAsync();
            Assert.False(page.Contains("<img", StringComparison.Ordinal) || page.Contains("\"'>", StringComparison.Ordinal), path);
            seen.UnionWith(Shown.Where(column => page.Contains("alert(1)&gt;" + column, StringComparison.Ordinal)));
            foreach (var link in Link().Matches(page).Select(match => WebUtility.HtmlDecode(match.Groups["path"].Value).Split('#')[0]).Where(link => !link.StartsWith("/assets/", StringComparison.Ordinal)))
            {
                waiting.Enqueue(link);
            }
        }

        Assert.Empty(Shown.Except(seen));
    }

    [GeneratedRegex("(?<=[?&])(sort|page|[a-z]+Sort|handler|days|format)=[^&]*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex ListOrder();

    [GeneratedRegex("href=\"(?<path>/[^\"]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Link();
}
