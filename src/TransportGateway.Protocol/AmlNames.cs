namespace TransportGateway.Protocol;

/// <summary>Names of the Call Home envelope. All observed in published alerts, except where it says otherwise.</summary>
internal static class AmlNames
{
    public const string Soap = "http://www.w3.org/2003/05/soap-envelope";
    public const string SessionNamespace = "http://www.cisco.com/2004/01/aml-session";
    public const string BlockNamespace = "http://www.cisco.com/2004/01/aml-block";
    public const string NextRole = "http://www.w3.org/2003/05/soap-envelope/role/next";

    public const string Session = "Session";
    public const string To = "To";
    public const string From = "From";
    public const string MessageId = "MessageId";
    public const string Header = "Header";
    public const string Type = "Type";
    public const string Severity = "Severity";
    public const string BlockGroup = "BlockGroup";
    public const string GroupId = "GroupId";
    public const string Number = "Number";
    public const string Attachment = "Attachment";
    public const string AttachmentName = "Name";
    public const string AttachmentData = "Data";

    /// <summary>Observed in the log of an agent.</summary>
    public const string LicensingAttachment = "smart_licensing_data";

    /// <summary>Inferred, in the observed style: what a simulator says, and what we say when the request does not.</summary>
    public const string LicensingType = "http://www.cisco.com/2005/05/callhome/smart_licensing";
}
