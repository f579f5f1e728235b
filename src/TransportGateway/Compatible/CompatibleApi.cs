using TransportGateway.Http;

namespace TransportGateway.Compatible;

/// <summary>The REST API that clients of SSM On-Prem already speak (ssm-on-prem 6.2 and 6.3, with every trap of 6.4), under / and /backend.</summary>
/// <remarks>Always JSON, always 200 for what worked; errors have a status word and a sentence.</remarks>
internal static class CompatibleApi
{
    public const string VirtualAccountPath = "/accounts/{account}/virtual-accounts/{virtualAccount}";

    public static void MapCompatibleApi(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in new[] { "/api/v1", "/backend/api/v1" })
        {
            var api = routes.MapGroup(prefix);
            api.AddEndpointFilter(RefuseUnreadableAsync);
            CompatibleAccounts.Map(api);
            CompatibleTokens.Map(api);
            CompatibleLicenses.Map(api);
            CompatibleReservations.Map(api);
            CompatibleDevices.Map(api);
            CompatibleAlerts.Map(api);
        }
    }

    private static async ValueTask<object?> RefuseUnreadableAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (BadHttpRequestException exception)
        {
            if (exception is BusyException)
            {
                invocation.HttpContext.Response.Headers.RetryAfter = BusyException.RetryAfter;
            }

            return Answer.Fail(exception.StatusCode, exception.Message);
        }
    }
}
