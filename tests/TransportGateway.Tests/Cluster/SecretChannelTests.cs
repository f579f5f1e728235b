using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Cli;
using TransportGateway.Cli.Ha;

namespace TransportGateway.Tests.Cluster;

/// <summary>Two machines that know nothing of each other but a one-time secret. Each test has a loopback address of its own, as the port is fixed.</summary>
public sealed class SecretChannelTests
{
    private const string Secret = "ABCD-EFGH-IJKL-MNOP";

    private readonly IPAddress _address = new([127, (byte)RandomNumberGenerator.GetInt32(2, 255), (byte)RandomNumberGenerator.GetInt32(1, 255), (byte)RandomNumberGenerator.GetInt32(1, 255)]);

    [Fact]
    public async Task Both_sides_talk_when_they_know_the_same_secret_however_it_was_copied()
    {
        using var listener = Listen();
        var accepted = AcceptAsync(listener, Secret);
        await using var caller = await SecretChannel.ConnectAsync($"{_address}", "abcdefghijklmnop", "it", default);
        await using var served = Assert.IsType<SecretChannel>(await accepted);

        var asked = caller.AskAsync("inspect", [], _ => { }, default);
        Assert.Equal("inspect", (await served.ReceiveAsync(default))["task"]!.GetValue<string>());
        await served.SendAsync(new JsonObject { ["done"] = "well" }, default);
        Assert.Equal("well", (await asked).GetValue<string>());
    }

    [Fact]
    public async Task With_different_secrets_neither_side_tells_the_other_anything()
    {
        using var listener = Listen();
        var accepted = AcceptAsync(listener, Secret);

        var refused = await Assert.ThrowsAsync<TgctlException>(() => SecretChannel.ConnectAsync($"{_address}", "WRON-GONE", "it", default));

        Assert.Contains("does not know the same one-time secret", refused.Message, StringComparison.Ordinal);
        Assert.Null(await accepted);
    }

    [Fact]
    public async Task Whoever_stands_in_between_with_a_certificate_of_his_own_is_found_out_by_both_sides()
    {
        using var listener = Listen();
        var accepted = AcceptAsync(listener, Secret);
        var between = new IPAddress([127, 1, .. _address.GetAddressBytes()[2..]]);
        using var trap = new TcpListener(between, HaPaths.ProvisioningPort);
        trap.Start();
        var passing = PassAsync(trap);

        await Assert.ThrowsAsync<TgctlException>(() => SecretChannel.ConnectAsync($"{between}", Secret, "it", default));

        Assert.Null(await accepted);
        await passing;
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    public async Task A_caller_that_speaks_something_else_is_turned_away(string said)
    {
        using var listener = Listen();
        var accepted = AcceptAsync(listener, Secret);
        using (var caller = new TcpClient())
        {
            await caller.ConnectAsync(_address, HaPaths.ProvisioningPort);
            await caller.GetStream().WriteAsync(Encoding.ASCII.GetBytes(said));
        }

        Assert.Null(await accepted);
    }

    [Fact]
    public async Task A_greeting_without_end_is_not_read_to_its_end()
    {
        using var listener = Listen();
        var accepted = AcceptAsync(listener, Secret);
        using var caller = new TcpClient();
        await caller.ConnectAsync(_address, HaPaths.ProvisioningPort);
        await using var stream = new SslStream(caller.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync("it");

        await stream.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 4096)));

        Assert.Null(await accepted);
    }

    [Fact]
    public async Task Nobody_there_is_answered_with_what_to_run_there()
    {
        var refused = await Assert.ThrowsAsync<TgctlException>(() => SecretChannel.ConnectAsync($"{_address}", Secret, "ha_provision_standby", default));

        Assert.Contains($"Nobody waits at {_address}, port 5480. Run ha_provision_standby there first", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_five_wrong_secrets_the_listener_gives_up()
    {
        await using var output = new StringWriter();
        var listening = new ProvisioningListener(TimeProvider.System, output).RunAsync(Secret, _address, witness: false, default);
        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<TgctlException>(() => SecretChannel.ConnectAsync($"{_address}", "WRON-GONE", "it", default));
        }

        var gaveUp = await Assert.ThrowsAsync<TgctlException>(() => listening);
        Assert.Contains("5 callers did not know the one-time secret. Run ha_generatekeys on the primary node for a new one", gaveUp.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TgctlException>(() => SecretChannel.ConnectAsync($"{_address}", Secret, "it", default));
    }

    private TcpListener Listen()
    {
        var listener = new TcpListener(_address, HaPaths.ProvisioningPort);
        listener.Start();
        return listener;
    }

    private static async Task<SecretChannel?> AcceptAsync(TcpListener listener, string secret)
    {
        using var certificate = SecretChannel.CertificateForNow(TimeProvider.System);
        return await SecretChannel.AcceptAsync(await listener.AcceptTcpClientAsync(), certificate, secret, default);
    }

    /// <summary>Ends the caller's TLS, and passes on every byte inside it.</summary>
    private async Task PassAsync(TcpListener trap)
    {
        using var certificate = SecretChannel.CertificateForNow(TimeProvider.System);
        using var caller = await trap.AcceptTcpClientAsync();
        await using var near = new SslStream(caller.GetStream());
        await near.AuthenticateAsServerAsync(certificate);
        using var onward = new TcpClient();
        await onward.ConnectAsync(_address, HaPaths.ProvisioningPort);
        await using var far = new SslStream(onward.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await far.AuthenticateAsClientAsync("it");
        try
        {
            await Task.WhenAny(near.CopyToAsync(far), far.CopyToAsync(near));
        }
        catch (IOException)
        {
            // Somebody hung up, as they should.
        }
    }
}
