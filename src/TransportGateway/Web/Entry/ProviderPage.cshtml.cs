using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.SignOn;

namespace TransportGateway.Web.Entry;

/// <summary>The way to the identity provider, and back from it.</summary>
internal sealed class ProviderPage(
    OpenIdProvider provider, AdmitPerson admit, Access.SignIn signIn, SignInThrottle throttle, Database database, MasterKey masterKey, TimeProvider clock) : EntryPage(throttle)
{
    private const string Why = "this is where people sign in";
    private const string TicketCookie = "__Host-tg-provider";

    [OpenToAll(Why)]
    public async Task<IActionResult> OnGetAsync(string step, string? next, string? code, string? state)
    {
        ProviderSettings settings;
        await using (var session = await database.ReadAsync(Aborted))
        {
            settings = await ProviderSettings.LoadAsync(session, masterKey, Aborted);
        }

        if (settings.Issuer is null)
        {
            return Missing(T["There is nothing at this address."]);
        }

        return step == "provider" ? await GoThereAsync(settings, SignInPage.Own(Url, next)) : await AttemptAsync(
            () => ComeBackAsync(settings, code, state),
            outcome => outcome is Outcome.Refused,
            outcome => outcome switch
            {
                Outcome.SignedIn(var path) => GoOn(path),
                Outcome.Refused(var problem) => Refuse(problem, StatusCodes.Status403Forbidden),
                var other => throw new InvalidOperationException(other.GetType().Name),
            });
    }

    /// <summary>What becomes of a person who comes back.</summary>
    private abstract record Outcome
    {
        public sealed record SignedIn(string Path) : Outcome;

        public sealed record Refused(string Problem) : Outcome;

        private Outcome() { }
    }

    private Uri Callback => new($"https://{Request.Host}/sign-in/callback");

    private async Task<IActionResult> GoThereAsync(ProviderSettings settings, string next)
    {
        if (IsBlocked)
        {
            return TooOften();
        }

        try
        {
            var (address, ticket) = await provider.BeginAsync(settings, Callback, next, Aborted);
            // The way back comes from another site, so this cookie cannot be a strict one.
            Response.Cookies.Append(TicketCookie, ticket.Seal(masterKey), Cookie());
            return Redirect(address.AbsoluteUri);
        }
        catch (ProviderException exception)
        {
            return Failed(await TellAsync(exception));
        }
    }

    private async Task<Outcome> ComeBackAsync(ProviderSettings settings, string? code, string? state)
    {
        var ticket = Request.Cookies[TicketCookie] is { Length: > 0 and < 4000 } sealedTicket ? OpenIdProvider.Ticket.Open(masterKey, sealedTicket) : null;
        // It counts once.
        Response.Cookies.Delete(TicketCookie, Cookie());
        if (ticket is null || ticket.ExpiresAt < clock.GetUtcNow() || !IsSame(ticket.State, state))
        {
            return new Outcome.Refused(T["This sign-in was not begun in this browser, or took too long. Begin again."]);
        }

        ExternalPerson person;
        try
        {
            person = string.IsNullOrEmpty(code)
                ? throw new ProviderException("It sent the browser back without a code: the person was refused, or gave up.")
                : await provider.CompleteAsync(settings, Callback, code, ticket, Aborted);
        }
        catch (ProviderException exception)
        {
            return new Outcome.Refused(await TellAsync(exception));
        }

        if (await admit.ExecuteAsync(person, settings.Groups, Aborted) is not { } user)
        {
            return new Outcome.Refused(T["You are known at the identity provider, but may not use this gateway. A system administrator can change that."]);
        }

        var complete = !user.TotpConfirmed;
        var outcome = await signIn.OpenAsync(user, complete, Source, BrowserOf.Agent(HttpContext), Aborted);
        var session = outcome switch
        {
            Access.SignIn.Outcome.SignedIn(_, var whole) => whole,
            Access.SignIn.Outcome.SecondFactorNeeded(var pending) => pending,
            // Disabled since a moment ago.
            _ => null,
        };
        if (session is null)
        {
            return new Outcome.Refused(T["You are known at the identity provider, but may not use this gateway. A system administrator can change that."]);
        }

        SessionCookie.Set(HttpContext, session);
        var next = SignInPage.Own(Url, ticket.Next);
        return new Outcome.SignedIn(complete ? next : "/sign-in/second-factor?next=" + Uri.EscapeDataString(next));
    }

    /// <summary>A redirect would still come from the other site, and the browser would keep the session's strict cookie back; a page of this site does not.</summary>
    private ContentResult GoOn(string path)
    {
        Response.Headers["Refresh"] = "0; url=" + path;
        return new ContentResult { ContentType = "text/html; charset=utf-8", Content = $"<!doctype html><title>…</title><a href=\"{HtmlEncoder.Default.Encode(path)}\">…</a>" };
    }

    /// <returns>What the person is told: less than the event log.</returns>
    private async Task<string> TellAsync(ProviderException exception)
    {
        await using var session = await database.BeginAsync(Aborted);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SignInRefused, Severity.Warning, Source, "A sign-in by the identity provider failed. " + exception.Message), clock.GetUtcNow(), Aborted);
        await session.CommitAsync();
        return T["The identity provider did not sign you in. The event log has more; a system administrator can help."];
    }

    private static bool IsSame(string expected, string? given) =>
        given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));

    private static CookieOptions Cookie() =>
        new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true, MaxAge = OpenIdProvider.Patience };
}
