using Microsoft.AspNetCore.Http.Features;

namespace TransportGateway.Web;

/// <summary>The address that was asked for, as the browser wrote it, to lead there once more.</summary>
/// <remarks>Not made of the decoded path: a name that has <c>%41</c> in it could not be told from one that has an A.</remarks>
internal static class SentAddress
{
    public static string Of(HttpRequest request) =>
        request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target ? target : request.Path.ToUriComponent() + request.QueryString.ToUriComponent();

    public static string PathOf(HttpRequest request) => Of(request).Split('?', 2)[0];
}
