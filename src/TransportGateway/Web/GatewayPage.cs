using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using TransportGateway.Access;
using TransportGateway.Http;

namespace TransportGateway.Web;

/// <summary>What every page of the browser's shares: who may see it, proof that a form is the gateway's own, language and time.</summary>
internal abstract class GatewayPage : PageModel
{
    /// <summary>The field of every form that changes something.</summary>
    public const string FormTokenField = "_form";

    private const string FormTokenHeader = "X-Form-Token";
    private Caller? _caller;

    /// <summary>Null on the pages before sign-in.</summary>
    public SignedIn? Person { get; private set; }

    /// <summary>The person, as far as the handler's permission goes.</summary>
    public Caller Caller => _caller ?? throw new InvalidOperationException("The handler did not ask for a permission.");

    public Texts T { get; private set; } = Texts.English;

    public Clockface Times { get; private set; } = Clockface.Utc;

    /// <summary>What went wrong with what the person asked for, in a sentence of their language; the page shows it at its top.</summary>
    public string? Problem { get; private set; }

    /// <summary>What the request before this one did.</summary>
    public string? Note { get; private set; }

    /// <summary>Whether only a part of the page is wanted, as scripts ask for it.</summary>
    public bool IsPartial => Request.Headers.ContainsKey("HX-Request");

    /// <summary>What the administrators want everybody to read; empty for nothing.</summary>
    public string MessageOfTheDay { get; private set; } = "";

    public CancellationToken Aborted => HttpContext.RequestAborted;

    /// <summary>Whether the person has the permission anywhere, for what a page offers.</summary>
    public bool May(Permission permission) => Person?.Caller.May(permission) == true;

    public bool May(Permission permission, string accountId, string? virtualAccountId = null) => Person?.Caller.May(permission, accountId, virtualAccountId) == true;

    public bool MayForAll(Permission permission) => Person?.Caller.For(permission).IsForAllAccounts == true;

    /// <remarks>Before the form is read: who may not use the handler has nothing long to say, whatever it takes of others.</remarks>
    public override Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context)
    {
        const long MostBytesOfStrangers = 64 * 1024;
        var handler = context.HandlerMethod?.MethodInfo;
        if (HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = !MaySend(handler) ? MostBytesOfStrangers : handler?.GetCustomAttribute<LongFormAttribute>()?.MostBytes ?? limit.MaxRequestBodySize;
        }

        return base.OnPageHandlerSelectionAsync(context);
    }

    public override async Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        Person = SignedIn.Of(HttpContext);
        T = Texts.Chosen(HttpContext, Person?.User.Language) ?? await UnchosenAsync();
        Times = Clockface.For(HttpContext);
        Note = Notes.Take(HttpContext);
        PageHeaders.Set(Response);
        MessageOfTheDay = IsPartial ? "" : await HttpContext.RequestServices.GetRequiredService<ChangeMessageOfTheDay>().ReadAsync(Aborted);
        if (Refusal(context) is { } refusal)
        {
            context.Result = refusal;
            return;
        }

        await next();
    }

    /// <summary>What the administrators set for whoever has not chosen, else what the browser asks for.</summary>
    private async Task<Texts> UnchosenAsync() =>
        await HttpContext.RequestServices.GetRequiredService<ChangeLanguage>().ReadAsync(Aborted) is var set && set == ChangeLanguage.OfBrowser ? Texts.OfBrowser(HttpContext) : Texts.In(set);

    /// <summary>Shows the page again with what went wrong.</summary>
    protected IActionResult Refuse(string problem, int status = StatusCodes.Status400BadRequest)
    {
        Problem = problem;
        Response.StatusCode = status;
        return Page();
    }

    /// <summary>Goes on to another page, which tells what was done.</summary>
    protected IActionResult Done(string note, string path)
    {
        Notes.Leave(HttpContext, note);
        return LocalRedirect(path);
    }

    protected IActionResult Missing(string what) => Refused(StatusCodes.Status404NotFound, what);

    private bool MaySend(MethodInfo? handler) =>
        SignedIn.Of(HttpContext) is { } person && (handler?.GetCustomAttribute<NeedsAttribute>() is not { } needs || person.Caller.May(needs.Permission));

    /// <summary>For a request that cannot be served now.</summary>
    public IActionResult Busy(BusyException busy)
    {
        Response.Headers.RetryAfter = BusyException.RetryAfter;
        return Refused(busy.StatusCode, T[busy.Sentence]);
    }

    private IActionResult? Refusal(PageHandlerExecutingContext context)
    {
        if (!Request.IsHttps)
        {
            return Refused(StatusCodes.Status403Forbidden, T["The pages are served over https only."]);
        }

        if (context.HandlerMethod is not { } handler)
        {
            return Refused(StatusCodes.Status404NotFound, T["There is nothing at this address."]);
        }

        if (ModelState.TryGetValue("", out var form) && form.Errors.Count > 0)
        {
            return Refused(StatusCodes.Status413PayloadTooLarge, T["The form could not be read: it is too long, came too slowly, or is not well-formed."]);
        }

        var access = handler.MethodInfo.GetCustomAttribute<AccessAttribute>() ?? throw new InvalidOperationException($"{handler.MethodInfo} says not what it needs.");
        var changes = !HttpMethods.IsGet(Request.Method) && !HttpMethods.IsHead(Request.Method);
        if (changes && !IsOwnForm())
        {
            return Refused(StatusCodes.Status403Forbidden, T["This form was not sent by a page of this gateway, or is older than your session. Go back, reload the page, and try again."]);
        }

        if (access is OpenToAllAttribute)
        {
            return null;
        }

        if (Person is null)
        {
            return SignInFirst(changes);
        }

        var now = HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if (!Person.MayGoOn(now) && access is not OwnAffairsAttribute { BeforeAnythingElse: true })
        {
            return Person.Rules.WantsSecondFactorOf(Person.User) && !Person.User.PasswordMustChange && !Person.Rules.IsExpired(Person.User, now)
                ? LocalRedirect("/profile/second-factor")
                : LocalRedirect("/profile/password");
        }

        if (access is not NeedsAttribute needs)
        {
            _caller = Person.Caller with { Grants = [] };
            return null;
        }

        _caller = Person.Caller.For(needs.Permission);
        return _caller.Grants.Count == 0 ? Refused(StatusCodes.Status403Forbidden, T["Your roles do not allow this. A system administrator can change them."])
            : needs.WholeGateway && !_caller.IsForAllAccounts ? Refused(StatusCodes.Status404NotFound, T["There is nothing at this address."])
            : null;
    }

    /// <remarks>The cookie is not sent when another site leads here; asked for once more, by this page itself, it is.</remarks>
    private IActionResult SignInFirst(bool changes)
    {
        var here = changes ? "/" : SentAddress.Of(Request);
        if (!changes && SessionCookie.SecretOf(HttpContext) is null && Request.Headers["Sec-Fetch-Site"] == "cross-site")
        {
            Response.Headers["Refresh"] = "0";
            return new ContentResult { ContentType = "text/html; charset=utf-8", Content = "<!doctype html><title>…</title>" };
        }

        var target = "/sign-in?next=" + Uri.EscapeDataString(here);
        if (IsPartial)
        {
            Response.Headers["HX-Redirect"] = target;
            return new StatusCodeResult(StatusCodes.Status204NoContent);
        }

        return LocalRedirect(target);
    }

    /// <summary>Whether a page of this gateway sent the form: the browser says so, and inside a session the form carries what only its pages know.</summary>
    private bool IsOwnForm()
    {
        var site = Request.Headers["Sec-Fetch-Site"].ToString();
        var origin = Request.Headers.Origin.ToString();
        var own = site.Length > 0 ? site == "same-origin" : origin == $"https://{Request.Host}";
        if (!own || Person is null)
        {
            return own;
        }

        var sent = Request.Headers[FormTokenHeader].ToString() is { Length: > 0 } header ? header : Request.HasFormContentType ? Request.Form[FormTokenField].ToString() : "";
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), Encoding.UTF8.GetBytes(Person.FormToken));
    }

    private ContentResult Refused(int status, string sentence) => RefusalPage.Of(T, status, sentence);
}
