using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TransportGateway.Cli.Ha;

namespace TransportGateway.Tests.Cluster;

/// <summary>A node that waits to be set up serves one call after the other, however the first one ends.</summary>
public sealed class ProvisioningListenerTests
{
    private const string Secret = "ABCD-EFGH-IJKL-MNOP";

    private readonly IPAddress _address = new([127, (byte)RandomNumberGenerator.GetInt32(1, 255), (byte)RandomNumberGenerator.GetInt32(1, 255), (byte)RandomNumberGenerator.GetInt32(1, 255)]);

    [Fact]
    public async Task A_second_call_is_told_that_the_first_one_is_not_finished_and_has_its_turn_after_it()
    {
        var words = new StringWriter();
        var listening = new ProvisioningListener(TimeProvider.System, TextWriter.Synchronized(words)).RunAsync(Secret, _address, witness: true, default);
        var first = await SecretChannel.ConnectAsync($"{_address}", Secret, "it", default);
        await using var second = await SecretChannel.ConnectAsync($"{_address}", Secret, "it", default);
        var told = new TaskCompletionSource<string>();

        var finished = second.AskAsync("finished", [], told.SetResult, default);
        Assert.Contains("an earlier ha_deploy is not finished there", await told.Task, StringComparison.Ordinal);
        Assert.False(finished.IsCompleted);
        await first.DisposeAsync();

        await finished;
        await listening;
        Assert.Contains("hung up before it was done", words.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_do_not_end_a_deployment_that_is_under_way()
    {
        var listening = new ProvisioningListener(TimeProvider.System, TextWriter.Synchronized(new StringWriter())).RunAsync(Secret, _address, witness: true, default);
        await using var caller = await SecretChannel.ConnectAsync($"{_address}", Secret, "it", default);
        for (var stranger = 0; stranger < 6; stranger++)
        {
            await Assert.ThrowsAsync<TransportGateway.Cli.TgctlException>(() => SecretChannel.ConnectAsync($"{_address}", "WRON-GONE", "it", default));
        }

        await caller.AskAsync("finished", new JsonObject(), _ => { }, default);
        await listening;
    }

    [Fact]
    public async Task A_deployment_that_finishes_while_a_stranger_is_heard_ends_the_waiting()
    {
        var patience = TimeSpan.FromSeconds(30);
        var listening = new ProvisioningListener(TimeProvider.System, TextWriter.Synchronized(new StringWriter())).RunAsync(Secret, _address, witness: true, default);
        await using var caller = await SecretChannel.ConnectAsync($"{_address}", Secret, "it", default);
        using (var stranger = new TcpClient())
        {
            await stranger.ConnectAsync(_address, HaPaths.ProvisioningPort);
            await using var stream = new SslStream(stranger.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
            // From here on the listener waits for what this one has to say.
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = $"{_address}" });
            await caller.AskAsync("finished", [], _ => { }, default).WaitAsync(patience);
        }

        await listening.WaitAsync(patience);
    }
}
