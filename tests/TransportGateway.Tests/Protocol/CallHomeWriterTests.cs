using System.Text;
using System.Xml;
using System.Xml.Linq;
using CsCheck;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

public sealed class CallHomeWriterTests
{
    private static readonly DateTimeOffset Now = new(2013, 6, 5, 5, 11, 36, TimeSpan.FromHours(2));
    private static readonly XNamespace Soap = "http://www.w3.org/2003/05/soap-envelope";
    private static readonly XNamespace Session = "http://www.cisco.com/2004/01/aml-session";
    private static readonly XNamespace Block = "http://www.cisco.com/2004/01/aml-block";

    private static CallHomeRequest Request =>
        Assert.IsType<CallHomeParse.Found>(CallHomeReader.Read(Samples.CallHomeCsr1000v)).Request;

    [Fact]
    public void The_answer_mirrors_the_observed_envelope()
    {
        var envelope = Parse(CallHomeWriter.WriteResponse(Request, "{}"u8, Now)).Root!;
        Assert.Equal(Soap + "Envelope", envelope.Name);
        var session = envelope.Element(Soap + "Header")!.Element(Session + "Session")!;
        Assert.Equal("http://www.cisco.com/appliance/uri", session.Element(Session + "To")!.Value);
        Assert.Equal("http://tools.cisco.com/neddce/services/DDCEService", session.Element(Session + "From")!.Value);
        Assert.Equal("SSM:9TESTSERIAL:51AEAC68", session.Element(Session + "MessageId")!.Value);
        var header = envelope.Element(Soap + "Body")!.Element(Block + "Block")!.Element(Block + "Header")!;
        Assert.Equal("http://www.cisco.com/2005/05/callhome/smart_licensing", header.Element(Block + "Type")!.Value);
        Assert.Equal("2013-06-05 03:11:36 GMT+00:00", header.Element(Block + "CreationDate")!.Value);
        var group = header.Element(Block + "BlockGroup")!;
        Assert.Equal("G9:9TESTSERIAL:51AEAC68", group.Element(Block + "GroupId")!.Value);
        Assert.Equal("0", group.Element(Block + "Number")!.Value);
        var attachment = Attachment(envelope);
        Assert.Equal("inline", attachment.Attribute("type")!.Value);
        Assert.Equal("smart_licensing_data", attachment.Element(Block + "Name")!.Value);
        Assert.Equal("plain", attachment.Element(Block + "Data")!.Attribute("encoding")!.Value);
        Assert.IsType<XCData>(Assert.Single(attachment.Element(Block + "Data")!.Nodes()));
        Assert.Equal("{}", attachment.Element(Block + "Data")!.Value);
    }

    [Theory]
    [InlineData("]]>", 2)]
    [InlineData("a]]>b]]>c", 3)]
    [InlineData("]]]]>>", 2)]
    [InlineData("]]>]]>", 3)]
    [InlineData("]]", 1)]
    [InlineData("]] >", 1)]
    public void An_end_of_section_in_the_data_is_split(string data, int sections)
    {
        var nodes = Attachment(Parse(CallHomeWriter.WriteResponse(Request, Encoding.UTF8.GetBytes(data), Now)).Root!).Element(Block + "Data")!.Nodes();
        Assert.Equal(sections, nodes.Count());
        Assert.Equal(data, string.Concat(nodes.Cast<XCData>().Select(section => section.Value)));
    }

    [Fact]
    public void What_the_request_did_not_say_is_filled_in()
    {
        var bare = new CallHomeRequest(null, null, null, null, null, null, null, [], null);
        var envelope = Parse(CallHomeWriter.WriteResponse(bare, "{}"u8, Now)).Root!;
        Assert.Equal("SSM::51AEAC68", envelope.Descendants(Session + "MessageId").Single().Value);
        Assert.Equal("http://www.cisco.com/2005/05/callhome/smart_licensing", envelope.Descendants(Block + "Type").Single().Value);
        Assert.Equal("0", envelope.Descendants(Block + "Number").Single().Value);
    }

    [Fact]
    public void Our_own_reader_finds_the_answer_and_any_echo_is_well_formed_XML() => Gen.Select(AnyText.Gen, AnyText.Gen, AnyText.Gen).Sample((echo, message, nonce) =>
    {
        var request = new CallHomeRequest(echo, echo, echo, echo, echo, echo, echo, [], echo);
        var response = SmartMessageWriter.WriteResponse(new DeviceResponse
        {
            Version = "1.3",
            Timestamp = Now,
            Nonce = nonce,
            RequestType = "POLL",
            Status = DeviceStatus.Failed,
            Message = message,
        });
        var envelope = SmartMessageWriter.WriteEnvelope(response, new byte[256]);
        var written = CallHomeWriter.WriteResponse(request, envelope, Now);
        Parse(written);
        return CallHomeReader.Read(written) is CallHomeParse.Found found && found.Request.Payload.AsSpan().SequenceEqual(envelope);
    });

    [Fact]
    public void Every_character_of_Unicode_survives_in_the_licensing_answer()
    {
        var every = new StringBuilder();
        for (var value = 0; value <= 0x10FFFF; value++)
        {
            if (Rune.IsValid(value))
            {
                every.Append(new Rune(value));
            }
        }

        var envelope = SmartMessageWriter.WriteEnvelope(every.ToString(), [1]);
        var found = Assert.IsType<CallHomeParse.Found>(CallHomeReader.Read(CallHomeWriter.WriteResponse(Request, envelope, Now)));
        Assert.True(found.Request.Payload.AsSpan().SequenceEqual(envelope));
    }

    [Fact]
    public void A_fault_is_SOAP_1_2_and_says_whose_it_is()
    {
        var fault = Parse(CallHomeWriter.WriteFault("Sender", "The message is <empty> & \u0001 unreadable.")).Root!.Element(Soap + "Body")!.Element(Soap + "Fault")!;
        Assert.Equal("soap-env:Sender", fault.Element(Soap + "Code")!.Element(Soap + "Value")!.Value);
        Assert.Equal("The message is <empty> &  unreadable.", fault.Element(Soap + "Reason")!.Element(Soap + "Text")!.Value);
        Assert.Equal("en", fault.Element(Soap + "Reason")!.Element(Soap + "Text")!.Attribute(XNamespace.Xml + "lang")!.Value);
    }

    [Theory]
    [InlineData("\0\u0001\u001f", "")]
    [InlineData("\ufffe\uffff", "")]
    [InlineData("\t\r\n\u007f\u0085", "\t\r\n\u007f\u0085")]
    [InlineData("\U0001F600]]>", "\U0001F600]]>")]
    public void What_XML_cannot_hold_is_left_out_of_an_echo(string echo, string written)
    {
        var request = new CallHomeRequest("m", "to", $"a{echo}b", null, null, null, null, [], null);
        var envelope = Parse(CallHomeWriter.WriteResponse(request, "{}"u8, Now)).Root!;
        Assert.Equal($"a{written}b", envelope.Descendants(Session + "To").Single().Value);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_in_an_echo_becomes_the_replacement_character()
    {
        var request = new CallHomeRequest("m", "to", "a\ud800b", null, null, null, null, [], null);
        Assert.Equal(
            "a\ufffdb", Parse(CallHomeWriter.WriteResponse(request, "{}"u8, Now)).Descendants(Session + "To").Single().Value);
    }

    [Fact]
    public void Any_reason_makes_a_well_formed_fault() => AnyText.Gen.Sample(reason =>
    {
        Parse(CallHomeWriter.WriteFault("Receiver", reason));
    });

    private static XElement Attachment(XElement envelope) => envelope.Descendants(Block + "Attachment").Single();

    // Strict on purpose: a reader on a device may well be.
    private static XDocument Parse(byte[] xml)
    {
        using var reader = XmlReader.Create(new MemoryStream(xml), new XmlReaderSettings { CheckCharacters = true });
        return XDocument.Load(reader);
    }
}
