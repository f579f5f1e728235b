using System.Text;
using TransportGateway.Events;
using TransportGateway.Notifications;

namespace TransportGateway.Tests.Notifications;

/// <summary>What RFC 5424 wants of a message.</summary>
public sealed class SyslogMessageTests
{
    [Fact]
    public void A_text_that_is_too_long_is_cut_between_two_letters()
    {
        for (var bytes = 400; bytes < 420; bytes++)
        {
            var message = SyslogMessage.Write(Entry(message: new string('量', 1000)), "local0", "node", null, bytes);
            Assert.InRange(message.Length, bytes - 2, bytes);
            Assert.EndsWith("量", new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(message), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Names_as_long_as_they_can_be_leave_a_message_that_fits()
    {
        var message = SyslogMessage.Write(Entry(actor: new string(']', 5000), message: "text"), "local7", new string('n', 500), new string('帳', 5000), 2048);
        Assert.InRange(message.Length, 1, 2048);
        Assert.StartsWith("<190>1 ", Encoding.UTF8.GetString(message), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_that_is_too_long_for_the_header_stands_whole_in_the_data()
    {
        var kind = EventKinds.BrowserRequestDeleted;
        Assert.True(kind.Length > 32);
        var text = Encoding.UTF8.GetString(SyslogMessage.Write(Entry(kind: kind), "local0", "", null, 2048));
        Assert.Contains($" - transport-gateway {Environment.ProcessId} {kind[..32]} [", text, StringComparison.Ordinal);
        Assert.Contains($"kind=\"{kind}\"", text, StringComparison.Ordinal);
    }

    private static EventRow Entry(string message = "a text", string actor = "a test", string kind = EventKinds.TokenRead) => new()
    {
        Id = "0195",
        OccurredAt = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
        Kind = kind,
        Severity = Severity.Info,
        Actor = actor,
        Message = message,
    };
}
