using System.Net;
using System.Text;
using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

public sealed class CallHomeReaderTests
{
    private const string Envelope = """{"signature":{"type":"SHA-256","value":"AA=="},"credential":null,"request":"{}"}""";

    [Fact]
    public void The_message_in_the_form_of_a_CSR1000v_is_found()
    {
        var request = Found(Samples.CallHomeCsr1000v);
        Assert.Equal("M8:9TESTSERIAL:51AEAC68", request.MessageId);
        Assert.Equal("http://tools.cisco.com/neddce/services/DDCEService", request.To);
        Assert.Equal("http://www.cisco.com/appliance/uri", request.From);
        Assert.Equal("http://www.cisco.com/2005/05/callhome/smart_licensing", request.Type);
        Assert.Equal("G9:9TESTSERIAL:51AEAC68", request.GroupId);
        Assert.Equal("0", request.GroupNumber);
        Assert.Equal("2", request.Severity);
        Assert.Equal("smart_licensing_data", request.AttachmentName);
        Assert.Equal(Samples.ThirdPartyKeyText.TrimEnd(), Encoding.UTF8.GetString(request.Payload));
    }

    [Fact]
    public void The_message_in_the_form_of_a_Nexus_7000_is_found_despite_an_illegal_character_reference()
    {
        Assert.Contains("&#x1;", Encoding.UTF8.GetString(Samples.CallHomeNexus7000), StringComparison.Ordinal);
        var request = Found(Samples.CallHomeNexus7000);
        Assert.Equal("1004:TTEST345678:478F82E6", request.MessageId);
        Assert.Equal(Samples.ThirdPartyKeyText.TrimEnd(), Encoding.UTF8.GetString(request.Payload));
    }

    [Fact]
    public void What_is_found_reads_like_the_same_message_on_the_other_transport()
    {
        var direct = Assert.IsType<ParsedMessage.Readable>(SmartMessageReader.Read(Samples.ThirdPartyKey)).Message;
        foreach (var sample in new[] { Samples.CallHomeCsr1000v, Samples.CallHomeNexus7000 })
        {
            var message = Assert.IsType<ParsedMessage.Readable>(SmartMessageReader.Read(Found(sample).Payload)).Message;
            Assert.Equal(direct.Envelope.Request, message.Envelope.Request);
            Assert.Equal(direct.Envelope.Signature, message.Envelope.Signature);
            Assert.Equal(direct.Header, message.Header);
        }
    }

    [Fact]
    public void The_attachment_is_chosen_by_name_before_shape()
    {
        Assert.Equal("smart_licensing_data", Found(Attachment("other", Envelope), Attachment("smart_licensing_data", Envelope)).AttachmentName);
        Assert.Equal("{}", Text(Found(Attachment("other", Envelope), Attachment("smart_licensing_data", "{}"))));
    }

    [Fact]
    public void Of_two_attachments_of_the_right_name_the_first_counts() =>
        Assert.Equal("{\"a\":1}", Text(Found(Attachment("smart_licensing_data", "{\"a\":1}"), Attachment("smart_licensing_data", Envelope))));

    [Fact]
    public void Without_the_name_the_first_attachment_with_a_request_and_a_signature_counts()
    {
        var request = Found(
            Attachment("show version", "<plain text>"),
            Attachment("half", """{"request":"{}"}"""),
            Attachment("nested", """{"a":{"request":"{}","signature":{}}}"""),
            Attachment("listed", """[{"request":"{}","signature":{}}]"""),
            Attachment("broken", """{"request":"{}","signature":{}"""),
            Attachment("licence", Envelope),
            Attachment("licence again", Envelope));
        Assert.Equal("licence", request.AttachmentName);
        Assert.Equal(Envelope, Text(request));
    }

    [Fact]
    public void Without_any_such_attachment_the_message_is_refused_with_what_is_missing()
    {
        const string Reason = "The Call Home message has no attachment with a licensing message (it is called smart_licensing_data).";
        Assert.Equal(Reason, Unreadable(Soap(string.Empty)));
        Assert.Equal(Reason, Unreadable(Soap(Attachment("show version", "text"))));
        Assert.Equal(Reason, Unreadable("<a/>"));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("text")]
    [InlineData("base64")]
    [InlineData("")]
    public void Base64_is_decoded_whatever_the_encoding_says(string encoding)
    {
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(Envelope), Base64FormattingOptions.InsertLineBreaks);
        Assert.Equal(Envelope, Text(Found(Attachment("smart_licensing_data", base64, encoding))));
        Assert.Equal(Envelope, Text(Found(Attachment("another name", base64, encoding))));
        Assert.Equal(Envelope, Text(Found(Attachment("smart_licensing_data", Envelope, encoding))));
    }

    [Fact]
    public void Text_CDATA_and_several_sections_of_it_are_one_text()
    {
        foreach (var data in new[]
        {
            "{\"a\":\"1&lt;2\"}",
            "<![CDATA[{\"a\":\"1<2\"}]]>",
            "<![CDATA[{\"a\":]]><![CDATA[\"1<2\"}]]>",
            "\n  {\"a\":<!-- c --><![CDATA[\"1<2\"]]>}\n",
            "&#x7b;\"a\":\"1&#60;2\"}",
        })
        {
            Assert.Equal("{\"a\":\"1<2\"}", Text(Found(RawAttachment("smart_licensing_data", data))));
        }
    }

    [Fact]
    public void An_end_of_section_that_was_split_comes_back() =>
        Assert.Equal("{\"a\":\"]]>\"}", Text(Found(RawAttachment("smart_licensing_data", "<![CDATA[{\"a\":\"]]]]><![CDATA[>\"}]]>"))));

    [Theory]
    [InlineData("&#x0;")]
    [InlineData("&#x1;")]
    [InlineData("&#xB;")]
    [InlineData("&#xFFFE;")]
    [InlineData("&#xFFFF;")]
    [InlineData("&#xD800;")]
    [InlineData("&#xDC00;")]
    public void Illegal_character_references_outside_the_licensing_message_do_no_harm(string reference)
    {
        var message = Soap(RawAttachment($"show{reference}", $"a{reference}b") + Attachment("smart_licensing_data", Envelope))
            .Replace("M8:S:51AEAC68", $"M8:S{reference}:51AEAC68", StringComparison.Ordinal);
        var request = Found(Encoding.UTF8.GetBytes(message));
        Assert.Equal(Envelope, Text(request));
        Assert.StartsWith("M8:S", request.MessageId, StringComparison.Ordinal);
    }

    [Fact]
    public void An_illegal_character_in_the_licensing_message_is_refused_as_JSON()
    {
        var request = Found(RawAttachment("smart_licensing_data", "{\"a\":\"&#x1;\"}"));
        Assert.Contains("not readable as JSON", Assert.IsType<ParsedMessage.Unreadable>(SmartMessageReader.Read(request.Payload)).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("&#x110000;")]
    [InlineData("&#xZZ;")]
    [InlineData("&#99999999999999999999;")]
    [InlineData("&nbsp;")]
    [InlineData("&")]
    public void References_to_nothing_are_not_readable(string reference) =>
        Assert.StartsWith("The message is not readable as XML (line ", Unreadable(Soap(RawAttachment("a", reference))), StringComparison.Ordinal);

    [Fact]
    public void MustUnderstand_and_a_foreign_addressee_are_no_fault()
    {
        var message = Soap(Attachment("smart_licensing_data", Envelope));
        Assert.Contains("mustUnderstand=\"true\"", message, StringComparison.Ordinal);
        Assert.Contains("tools.cisco.com", message, StringComparison.Ordinal);
        Found(Encoding.UTF8.GetBytes(message));
    }

    [Fact]
    public void Other_prefixes_are_the_same_names() => Assert.Equal(
        Envelope,
        Text(Found(Encoding.UTF8.GetBytes(
            Soap(Attachment("smart_licensing_data", Envelope)).Replace("soap-env", "S", StringComparison.Ordinal).Replace("aml-block", "b", StringComparison.Ordinal)))));

    [Fact]
    public void A_byte_order_mark_and_blanks_before_the_declaration_are_passed_over()
    {
        byte[] marked = [0xEF, 0xBB, 0xBF, .. Samples.CallHomeCsr1000v];
        byte[] spaced = [.. "\r\n "u8, .. Samples.CallHomeCsr1000v];
        Assert.Equal(Text(Found(Samples.CallHomeCsr1000v)), Text(Found(marked)));
        Assert.Equal(Text(Found(Samples.CallHomeCsr1000v)), Text(Found(spaced)));
    }

    [Fact]
    public void UTF16_is_read_by_its_byte_order_mark()
    {
        var text = Encoding.UTF8.GetString(Samples.CallHomeCsr1000v).Replace("UTF-8\"?", "UTF-16\"?", StringComparison.Ordinal);
        Assert.Equal(Text(Found(Samples.CallHomeCsr1000v)), Text(Found([.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)])));
        Assert.Equal(Text(Found(Samples.CallHomeCsr1000v)), Text(Found([.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(text)])));
    }

    [Theory]
    [InlineData("utf-7")]
    [InlineData("no-such-encoding")]
    [InlineData("UTF-32")]
    [InlineData("windows-1252")]
    public void An_encoding_that_is_not_supported_is_no_exception(string encoding)
    {
        var text = Encoding.UTF8.GetString(Samples.CallHomeCsr1000v).Replace("UTF-8", encoding, StringComparison.Ordinal);
        Assert.IsType<CallHomeParse.Unreadable>(CallHomeReader.Read(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Bytes_that_are_not_of_the_encoding_are_no_exception()
    {
        byte[] broken = [.. Encoding.UTF8.GetBytes("<a>"), 0xFF, 0xFE, 0xC3, .. "</a>"u8];
        Assert.IsType<CallHomeParse.Unreadable>(CallHomeReader.Read(broken));
    }

    [Theory]
    [InlineData("xml={0}")]
    [InlineData("{0}")]
    [InlineData("data={0}&more=1")]
    public void A_body_that_really_is_form_encoded_is_decoded(string form)
    {
        var text = Encoding.UTF8.GetString(Samples.CallHomeCsr1000v);
        foreach (var encoded in new[] { WebUtility.UrlEncode(text), Uri.EscapeDataString(text), Uri.EscapeDataString(text).Replace("%3C", "%3c", StringComparison.Ordinal) })
        {
            Assert.Equal(Text(Found(Samples.CallHomeCsr1000v)), Text(Found(Encoding.UTF8.GetBytes(string.Format(form, encoded)))));
        }
    }

    [Theory]
    [InlineData("a=b")]
    [InlineData("=")]
    [InlineData("%3C")]
    [InlineData("xml=%3C%")]
    [InlineData("xml=%3")]
    [InlineData("plain text")]
    public void Other_bodies_that_are_no_XML_are_refused(string body) =>
        Assert.StartsWith("The message is not readable as XML", Unreadable(body), StringComparison.Ordinal);

    [Fact]
    public void An_empty_body_is_refused()
    {
        Assert.Equal("The message is empty.", Unreadable(string.Empty));
        Assert.Equal("The message is empty.", Unreadable(" \r\n"));
    }

    [Fact]
    public void A_bare_licensing_message_is_told_where_to_go() => Assert.Equal(
        "The message is JSON, but a SOAP envelope is expected at this address. Use the address for Smart Transport, /SmartTransport.",
        Unreadable(Envelope));

    [Theory]
    [InlineData("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>")]
    [InlineData("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>")]
    [InlineData("<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><a>&c;</a>")]
    [InlineData("<!DOCTYPE a PUBLIC \"-//X\" \"http://127.0.0.1:1/x.dtd\"><a/>")]
    [InlineData("<?xml version=\"1.0\"?><!DOCTYPE a><a/>")]
    public void A_document_type_is_refused_so_no_entity_is_ever_expanded_or_fetched(string xml) =>
        Assert.Equal("The message has a document type declaration, which is refused.", Unreadable(xml));

    [Theory]
    [InlineData("<?xml version=\"1.0\u00BF\"?>")]
    [InlineData("<?xml version=\"1.0\u00BF\u20AC\u20AC\"?>\n<a/>")]
    public void An_XML_declaration_that_is_not_ASCII_is_refused(string xml) =>
        Assert.StartsWith("The message is not readable as XML", Unreadable(xml), StringComparison.Ordinal);

    [Theory]
    [InlineData(31, false)]
    [InlineData(32, true)]
    [InlineData(200_000, true)]
    public void Elements_may_be_nested_32_deep(int depth, bool refused)
    {
        const string TooDeep = "The message is nested deeper than 32 elements.";
        Assert.Equal(refused, Unreadable($"<a>{Nested(depth)}</a>") == TooDeep);

        // Inside an element whose text is read as well.
        Assert.Equal(refused, Unreadable($"<Session><To>{Nested(depth - 1)}</To></Session>") == TooDeep);

        static string Nested(int depth) =>
            string.Concat(Enumerable.Repeat("<x>", depth)) + string.Concat(Enumerable.Repeat("</x>", depth));
    }

    [Fact]
    public void More_than_16_attachments_are_refused()
    {
        Found([.. Enumerable.Repeat(Attachment("a", "b"), 15), Attachment("smart_licensing_data", Envelope)]);
        Assert.Equal(
            "The message has more than 16 attachments.",
            Unreadable(Soap(string.Concat(Enumerable.Repeat(Attachment("a", "b"), 17)))));
    }

    [Fact]
    public void Texts_that_would_be_echoed_are_bounded()
    {
        var message = Soap(Attachment("smart_licensing_data", Envelope)).Replace("M8:S:51AEAC68", new string('x', 1025), StringComparison.Ordinal);
        Assert.Null(Found(Encoding.UTF8.GetBytes(message)).MessageId);
    }

    [Fact]
    public void Elements_inside_a_text_are_passed_over() =>
        Assert.Equal("{\"a\":1}", Text(Found(RawAttachment("smart_licensing_data", "{\"a\":<b>9<c/></b>1}"))));

    internal static string Soap(string attachments) => $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <soap-env:Envelope xmlns:soap-env="http://www.w3.org/2003/05/soap-envelope"><soap-env:Header>
        <aml-session:Session xmlns:aml-session="http://www.cisco.com/2004/01/aml-session" soap-env:mustUnderstand="true" soap-env:role="http://www.w3.org/2003/05/soap-envelope/role/next">
        <aml-session:To>http://tools.cisco.com/neddce/services/DDCEService</aml-session:To><aml-session:From>http://www.cisco.com/appliance/uri</aml-session:From>
        <aml-session:MessageId>M8:S:51AEAC68</aml-session:MessageId></aml-session:Session></soap-env:Header>
        <soap-env:Body><aml-block:Block xmlns:aml-block="http://www.cisco.com/2004/01/aml-block"><aml-block:Attachments>{attachments}</aml-block:Attachments></aml-block:Block></soap-env:Body></soap-env:Envelope>
        """;

    private static string Attachment(string name, string data, string encoding = "plain") =>
        RawAttachment(name, $"<![CDATA[{data}]]>", encoding);

    private static string RawAttachment(string name, string data, string encoding = "plain") =>
        $"<aml-block:Attachment type=\"inline\"><aml-block:Name>{name}</aml-block:Name><aml-block:Data encoding=\"{encoding}\">{data}</aml-block:Data></aml-block:Attachment>";

    private static string Text(CallHomeRequest request) => Encoding.UTF8.GetString(request.Payload);

    private static CallHomeRequest Found(params string[] attachments) => Found(Encoding.UTF8.GetBytes(Soap(string.Concat(attachments))));

    private static CallHomeRequest Found(byte[] body)
    {
        var parse = CallHomeReader.Read(body);
        Assert.True(parse is CallHomeParse.Found, parse.ToString());
        return ((CallHomeParse.Found)parse).Request;
    }

    private static string Unreadable(string body) =>
        Assert.IsType<CallHomeParse.Unreadable>(CallHomeReader.Read(Encoding.UTF8.GetBytes(body))).Reason;
}
