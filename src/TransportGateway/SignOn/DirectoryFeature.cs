using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.SignOn;

/// <summary>The directory over REST. Its password goes in and never comes out.</summary>
internal static class DirectoryFeature
{
    public static void MapDirectory(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/directory", ShowAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/directory", SetAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable();
        routes.MapPost("/api/v2/directory/test", TestAsync).Requires(Permission.ManageUsers, wholeGateway: true);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, MasterKey masterKey)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(View(await DirectorySettings.LoadAsync(session, masterKey, context.RequestAborted)));
    }

    private static async Task<IResult> SetAsync(HttpContext context, SetDirectoryRequest request, ChangeDirectory change)
    {
        var (settings, problems) = await change.ExecuteAsync(
            new ChangeDirectory.Request(
                Caller.Of(context)!,
                request.Address,
                request.TlsAnchors,
                request.BindName,
                request.BindPassword is { } password ? new Secret(password) : null,
                request.UserBase,
                request.UserFilter,
                request.NameAttribute,
                request.IdAttribute,
                request.GroupBase,
                request.GroupFilter,
                request.Groups),
            context.RequestAborted);
        return problems.Count == 0 ? Results.Json(View(settings))
            : problems.Contains(GroupRole.NotHeld) ? Problem.Of(StatusCodes.Status403Forbidden, "permission-not-held", GroupRole.NotHeld)
            : Problem.Of(StatusCodes.Status400BadRequest, "directory-invalid", string.Join(' ', problems));
    }

    /// <summary>Looks for a person, and checks a password where one is given; signs nobody in and changes nothing.</summary>
    private static async Task<IResult> TestAsync(HttpContext context, TestDirectoryRequest request, LdapDirectory directory, Database database, MasterKey masterKey)
    {
        DirectorySettings settings;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            settings = await DirectorySettings.LoadAsync(session, masterKey, context.RequestAborted);
        }

        if (settings.Address is null)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "directory-not-set", "This gateway knows no directory. Set it with: tgctl directory set");
        }

        try
        {
            var person = await directory.FindAsync(settings, request.Name, request.Password is { } password ? new Secret(password) : null, context.RequestAborted);
            return Results.Json(new TestView(
                person is not null, person?.Name, person?.Email, person?.Groups ?? [], person is null ? null : AdmitPerson.SystemRoleOf(person.Groups, settings.Groups)));
        }
        catch (DirectoryUnreachableException exception)
        {
            return Problem.Of(StatusCodes.Status502BadGateway, "directory-away", exception.Message);
        }
    }

    private static DirectoryView View(DirectorySettings settings) => new(
        settings.Address?.AbsoluteUri,
        [.. UpstreamRoute.ReadPem(settings.TlsAnchors).Select(anchor => anchor.Subject)],
        settings.BindName,
        settings.BindPassword.Value.Length > 0,
        settings.UserBase,
        settings.UserFilter,
        settings.NameAttribute,
        settings.IdAttribute,
        settings.GroupBase,
        settings.GroupFilter,
        settings.Groups);

    internal sealed record SetDirectoryRequest(
        string? Address = null,
        string? TlsAnchors = null,
        string? BindName = null,
        string? BindPassword = null,
        string? UserBase = null,
        string? UserFilter = null,
        string? NameAttribute = null,
        string? IdAttribute = null,
        string? GroupBase = null,
        string? GroupFilter = null,
        GroupRole[]? Groups = null);

    internal sealed record TestDirectoryRequest(string Name, string? Password = null);

    /// <param name="Found">False also for a wrong password.</param>
    /// <param name="SystemRole">Null: the groups give no role, so the person could not sign in.</param>
    private sealed record TestView(bool Found, string? Name, string? Email, IReadOnlyList<string> Groups, string? SystemRole);

    private sealed record DirectoryView(
        string? Address,
        IReadOnlyList<string> TlsAnchors,
        string BindName,
        bool HasBindPassword,
        string UserBase,
        string UserFilter,
        string NameAttribute,
        string IdAttribute,
        string GroupBase,
        string GroupFilter,
        IReadOnlyList<GroupRole> Groups);
}
