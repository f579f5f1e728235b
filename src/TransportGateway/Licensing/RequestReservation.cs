using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Takes down that a product without a connection asks for licences of its own (specific licence reservation).</summary>
/// <remarks>
/// Only Cisco makes authorisation codes, and the exchange with Software Central carries no reservations: none is ever answered here.
/// The request goes into the event log, and whoever asked learns where the code is to be had.
/// </remarks>
internal sealed class RequestReservation(Database database, TimeProvider clock)
{
    public const int MostLicenses = 100;
    private const int MostCharacters = 500;

    /// <param name="Code">What the product shows: its request code, or its return code.</param>
    /// <param name="Licenses">Empty for a return.</param>
    public sealed record Request(
        Caller By, LocalAccountRow Account, VirtualAccountRow VirtualAccount, ReservationStep Step, string Code, IReadOnlyList<(string Tag, long Quantity)> Licenses);

    public abstract record Outcome
    {
        /// <param name="WayToTheCode">Sentences for who waits for it.</param>
        public sealed record TakenDown(string WayToTheCode) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (Problem(request) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var facts = await new Entitlements(session).FactsAsync(request.Account.Id, cancellationToken);
        var what = string.Join("; ", request.Licenses.Select(license => $"{Catalogue.NameOf(license.Tag, facts).DisplayName}: {license.Quantity}"));
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.ReservationRequested,
                Severity.Warning,
                request.By.Name,
                request.Step switch
                {
                    ReservationStep.Return => $"A reservation in '{request.VirtualAccount.Name}' is to be returned with the code {request.Code}. Cisco has to take it back.",
                    ReservationStep.Update => $"A reservation in '{request.VirtualAccount.Name}' is to be changed with the request code {request.Code}: {what}. Its authorisation code has to come from Cisco.",
                    _ => $"A reservation was asked for in '{request.VirtualAccount.Name}' with the request code {request.Code}: {what}. Its authorisation code has to come from Cisco.",
                },
                request.Account.Id)
            { VirtualAccountId = request.VirtualAccount.Id, Licenses = request.Licenses.Select(license => license.Tag) },
            now,
            cancellationToken);
        await session.CommitAsync();
        var where = request.Account is { SmartAccount: { } smart, CloudVirtualAccount: { } cloud } ? $" for the virtual account '{cloud}' of '{smart}'" : "";
        return new Outcome.TakenDown(request.Step == ReservationStep.Return
            ? $"Nothing was returned: only Cisco can take a reservation back. Enter the return code at Cisco Software Central under License Reservation{where}. The request is in the event log."
            : $"No authorisation code was made: only Cisco makes them. Enter the request code at Cisco Software Central under License Reservation{where}, "
                + "and the authorisation code that it gives in the product. The request is in the event log.");
    }

    private static string? Problem(Request request) =>
        Names.TextProblem(request.Step == ReservationStep.Return ? "returnCode" : "reservationCode", request.Code, MostCharacters)
        ?? (request.Step == ReservationStep.Return ? null
            : request.Licenses.Count is 0 or > MostLicenses ? $"licenses must be a list of 1 to {MostLicenses} objects with entitlementTag and quantity."
            : request.Licenses.FirstOrDefault(license => !EntitlementTag.IsWellFormed(license.Tag)) is { Tag: not null } bad ? $"entitlementTag '{bad.Tag}' is not an entitlement tag."
            : request.Licenses.Any(license => license.Quantity < 1) ? "quantity must be a whole number of at least 1."
            : null);
}

/// <summary>What a product without a connection wants with its reservation.</summary>
internal enum ReservationStep
{
    Reserve,
    Update,
    Return,
}
