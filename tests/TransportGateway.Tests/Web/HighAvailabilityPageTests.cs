using System.Net;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Protocol.Cluster;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>The pair of nodes in the browser, and a switchover that is asked for there or over REST.</summary>
public sealed class HighAvailabilityPageTests : IAsyncLifetime
{
    private const string Here = "/administration/high-availability";

    private readonly SimulatedCluster _cluster = new();
    private TestGateway _gateway = null!;
    private Browser _browser = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartInAsync<SqliteEngine>(_cluster);
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        _browser = await Browser.SignInAsync(_gateway, "boss");
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _gateway.DisposeAsync();
        _cluster.Dispose();
    }

    [Fact]
    public async Task A_normal_cluster_is_shown_in_the_words_of_the_seed_note_with_the_facts_of_both_nodes()
    {
        var page = Plain(await _browser.PageAsync(Here));
        Assert.Contains("Normal The status of the high availability cluster is normal.", page, StringComparison.Ordinal);
        Assert.Contains("Heartbeat Connection status: Connected VIP 192.0.2.12", page, StringComparison.Ordinal);
        Assert.Contains("Active Server public address (192.0.2.5) primary-node (192.168.1.4) Active System Information Physical Memory 23.54 GB", page, StringComparison.Ordinal);
        Assert.Contains("Standby Server public address (192.0.2.10) secondary-node (192.168.1.5) Standby System Information Physical Memory 23.54 GB", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("Current Version 0.1.0").Length - 1);
        Assert.Contains("Witness 192.0.2.20 votes", page, StringComparison.Ordinal);
        Assert.Contains("Fencing fence_ipmilan ready", page, StringComparison.Ordinal);
        Assert.Contains(">High Availability</", await _browser.PageAsync("/administration"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_degraded_one_says_why_in_the_persons_language_with_what_was_accepted_at_deployment()
    {
        _cluster.Show(
            document => SimulatedCluster.Node(document, "secondary-node").SetAttributeValue("online", "false"), SimulatedCluster.Plan with { Witness = null, FenceAgent = null });
        var page = Plain(await _browser.PageAsync(Here));
        Assert.Contains("Degraded The cluster is degraded One of the cluster nodes is offline", page, StringComparison.Ordinal);
        Assert.Contains("Connection status: Disconnected", page, StringComparison.Ordinal);
        Assert.Contains("secondary-node (192.168.1.5) Degraded", page, StringComparison.Ordinal);
        Assert.Contains("There is no witness", page, StringComparison.Ordinal);

        _browser.SetCookie("tg-language", "zh-Hant");
        page = Plain(await _browser.PageAsync(Here));
        Assert.Contains("叢集已降級，其中一個叢集節點離線", page, StringComparison.Ordinal);
        Assert.Contains("沒有見證節點", page, StringComparison.Ordinal);
        Assert.DoesNotContain("There is no", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_known_of_the_replication_is_shown_as_a_dash_and_not_as_nothing_to_catch_up()
    {
        await using var gateway = await TestGateway.StartInAsync<PostgreSqlEngine>(_cluster);
        await gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(gateway, "boss");
        Assert.Contains("this node is the replication master, not streaming lag – ms, – bytes", Plain(await browser.PageAsync(Here)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_switchover_is_asked_for_once_and_the_page_tells_how_far_it_got()
    {
        using (var asked = await _browser.PostAsync(Here + "?handler=SwitchOver"))
        {
            Assert.Equal(HttpStatusCode.Redirect, asked.StatusCode);
        }

        Assert.Empty(await File.ReadAllBytesAsync(_cluster.Files.SwitchoverRequest));
        var entry = Assert.Single(await _gateway.EventsAsync(EventKinds.SwitchoverAsked));
        Assert.Equal(("boss", "A switchover from primary-node to secondary-node was asked for."), (entry.Actor, entry.Message));
        Assert.Contains("A switchover was asked for at", await _browser.PageAsync(Here), StringComparison.Ordinal);
        Assert.Contains("A switchover from primary-node", await _browser.PageAsync(Here + "/events"), StringComparison.Ordinal);
        Assert.Contains("A switchover from primary-node", await _browser.PageAsync(Here + "/events?handler=File"), StringComparison.Ordinal);

        using (var again = await _browser.PostAsync(Here + "?handler=SwitchOver"))
        {
            Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
            Assert.Contains("A switchover is under way already.", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Progress(SwitchoverProgress.UnderWay);
        Assert.Contains("Switching over from primary-node.", await _browser.PageAsync(Here), StringComparison.Ordinal);
        File.Delete(_cluster.Files.SwitchoverRequest);
        using (var again = await _browser.PostAsync(Here + "?handler=SwitchOver"))
        {
            Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        }

        Progress(SwitchoverProgress.Failed, "crm_resource is not installed.");
        var page = await _browser.PageAsync(Here);
        Assert.Contains("crm_resource is not installed.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<button disabled", page, StringComparison.Ordinal);
        Assert.Single(await _gateway.EventsAsync(EventKinds.SwitchoverAsked));
    }

    [Fact]
    public async Task Over_rest_it_is_accepted_or_refused_with_the_reason_and_only_for_administrators()
    {
        using var operators = await _gateway.RestClientOfAsync(await _gateway.UserAsync("op", Roles.SystemOperator));
        using (var refused = await operators.PostAsync("/api/v2/cluster/switchover", null))
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var rest = await _gateway.RestClientAsync(null, Permission.ManageCluster, Permission.ReadInventory);
        _cluster.Show(document => SimulatedCluster.Node(document, "secondary-node").SetAttributeValue("online", "false"));
        Assert.Equal(
            (409, "The cluster is degraded One of the cluster nodes is offline. A switchover needs a standby that has everything. Nothing was changed."), await AskAsync(rest));
        _cluster.Show();
        Assert.Equal((202, "waiting"), await AskAsync(rest));
        Assert.Equal("primary-node", JsonNode.Parse(await rest.GetStringAsync("/api/v2/cluster"))!["switchover"]!["from"]!.ToString());
        Assert.Equal((409, "A switchover is under way already. Wait until the state is Normal again."), await AskAsync(rest));

        File.Delete(_cluster.Files.SwitchoverRequest);
        Directory.Delete(Path.GetDirectoryName(_cluster.Files.SwitchoverRequest)!);
        var (status, sentence) = await AskAsync(rest);
        Assert.Equal(409, status);
        Assert.Contains("On either node root can switch over: tgctl ha switchover", sentence, StringComparison.Ordinal);

        File.Delete(_cluster.Files.Snapshot);
        Assert.Equal((409, "The cluster is not running on this node. Nothing was changed."), await AskAsync(rest));
        File.Delete(_cluster.Files.Plan);
        Assert.Equal((409, "HA is not enabled."), await AskAsync(rest));
    }

    [Fact]
    public async Task Of_ten_who_ask_at_once_one_is_heard()
    {
        using var rest = await _gateway.RestClientAsync(null, Permission.ManageCluster);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => AskAsync(rest)));
        Assert.Single(answers, answer => answer.Status == 202);
        Assert.Single(await _gateway.EventsAsync(EventKinds.SwitchoverAsked));
    }

    private static async Task<(int Status, string Says)> AskAsync(HttpClient rest)
    {
        using var answer = await rest.PostAsync("/api/v2/cluster/switchover", null);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return ((int)answer.StatusCode, (body["detail"] ?? body["switchover"]!["state"]!).ToString());
    }

    private void Progress(string state, string sentence = "") => File.WriteAllText(
        _cluster.Files.Switchover, new SwitchoverProgress("primary-node", state, sentence, TimeProvider.System.GetUtcNow()).ToJson());

    /// <summary>The words of the page, one space between them.</summary>
    private static string Plain(string page) => string.Join(' ', System.Text.RegularExpressions.Regex.Replace(
        WebUtility.HtmlDecode(page), "<[^>]*>", " ", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
