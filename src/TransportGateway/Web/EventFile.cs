using Microsoft.AspNetCore.Mvc;
using TransportGateway.Reports;

namespace TransportGateway.Web;

/// <summary>The event log as a download.</summary>
internal static class EventFile
{
    public static FileContentResult Of(Report events) => new(ReportFile.Write(events, ReportFile.Csv), ReportFile.TypeOf(ReportFile.Csv)) { FileDownloadName = "events.csv" };
}
