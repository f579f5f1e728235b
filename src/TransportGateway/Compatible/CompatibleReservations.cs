using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;

namespace TransportGateway.Compatible;

/// <summary>Reservations of licences for products without a connection. No authorisation code is ever made here: each request is answered with the way to one.</summary>
internal static class CompatibleReservations
{
    public static void Map(IEndpointRouteBuilder api)
    {
        const string Path = CompatibleApi.VirtualAccountPath + "/reserve-licenses";
        api.MapPost(Path, ReserveAsync).Requires(Permission.ManageLicenses);
        api.MapPost(Path + "/update", UpdateAsync).Requires(Permission.ManageLicenses);
        api.MapPost(Path + "/return", ReturnAsync).Requires(Permission.ManageLicenses);
    }

    private static Task<IResult> ReserveAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, RequestReservation reserve) =>
        TakeDownAsync(context, account, virtualAccount, scope, reserve, ReservationStep.Reserve);

    private static Task<IResult> UpdateAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, RequestReservation reserve) =>
        TakeDownAsync(context, account, virtualAccount, scope, reserve, ReservationStep.Update);

    private static Task<IResult> ReturnAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, RequestReservation reserve) =>
        TakeDownAsync(context, account, virtualAccount, scope, reserve, ReservationStep.Return);

    private static async Task<IResult> TakeDownAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, RequestReservation reserve, ReservationStep step)
    {
        const int MostRequests = 100;
        var caller = Caller.Of(context)!;
        var (found, virtualFound) = await scope.FindAsync(caller, account, virtualAccount, context.RequestAborted);
        if (found is null || virtualFound is null)
        {
            return found is null ? Answer.NoAccount(account) : Answer.NoVirtualAccount(virtualAccount);
        }

        // All are read before the first is taken down: a body that cannot be read changes nothing.
        var requests = (await LenientBody.ReadAsync(context)).Objects("reservationRequests").Select(LenientBody.Of).Select(item => new RequestReservation.Request(
            caller,
            found,
            virtualFound,
            step,
            (step == ReservationStep.Return ? item.Text("returnCode") : null) ?? item.Text("reservationCode") ?? "",
            [.. item.Objects("licenses").Select(LenientBody.Of).Select(license => (license.Text("entitlementTag") ?? "", (long)(license.Number("quantity") ?? 0)))])).ToArray();
        if (requests.Length is 0 or > MostRequests)
        {
            return Answer.Fail(StatusCodes.Status400BadRequest, $"reservationRequests must be a list of 1 to {MostRequests} objects with {(step == ReservationStep.Return ? "returnCode" : "reservationCode and licenses")}.");
        }

        var results = new JsonArray();
        foreach (var request in requests)
        {
            results.Add(new JsonObject
            {
                ["reservationCode"] = request.Code,
                ["authorizationCode"] = "",
                ["status"] = Answer.Failed,
                ["statusMessage"] = await reserve.ExecuteAsync(request, context.RequestAborted) switch
                {
                    RequestReservation.Outcome.TakenDown taken => taken.WayToTheCode,
                    RequestReservation.Outcome.Invalid invalid => invalid.Reason,
                    var other => throw new InvalidOperationException(other.GetType().Name),
                },
            });
        }

        return Answer.OfMany("authorizationCodes", results, allWorked: Answer.Success, someWorked: Answer.Failed);
    }
}
