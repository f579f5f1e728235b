using Microsoft.AspNetCore.Http;
using TransportGateway.Web;

namespace TransportGateway.Tests.Web;

public sealed class ClockfaceTests
{
    [Theory]
    [InlineData("America/New_York", "America/New_York")]
    [InlineData("America%2FNew_York", "America/New_York")]
    [InlineData("America//New_York", "UTC")]
    [InlineData("America%2F%2FNew_York", "UTC")]
    [InlineData("../../etc/passwd", "UTC")]
    [InlineData("/etc/localtime", "UTC")]
    [InlineData("nowhere", "UTC")]
    public void A_zone_is_taken_as_it_is_called_and_in_no_other_way_of_writing_it(string cookie, string zone)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = "tg-zone=" + cookie;
        Assert.Equal(zone, Clockface.For(context).Zone);
    }
}
