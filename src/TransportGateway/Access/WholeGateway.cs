using TransportGateway.Http;

namespace TransportGateway.Access;

/// <summary>What is the whole gateway's: a client of one account neither sees nor changes it.</summary>
internal static class WholeGateway
{
    /// <summary>Null when the caller's rights hold for the whole gateway.</summary>
    public static IResult? RefusalOfPart(HttpContext context) => Caller.Of(context)!.IsForAllAccounts
        ? null
        : Problem.Of(StatusCodes.Status403Forbidden, "whole-gateway", "This is the whole gateway's; a client of one account cannot manage it.");
}
