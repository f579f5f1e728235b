namespace TransportGateway.Access;

/// <summary>Every route says what a caller needs, or that it is open and why; one that says neither does not start.</summary>
internal static class RoutePermissions
{
    /// <param name="wholeGateway">Whether it is the whole gateway's: a client of one account neither sees nor changes it.</param>
    public static TBuilder Requires<TBuilder>(this TBuilder builder, Permission permission, bool wholeGateway = false)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Needed(permission, wholeGateway));

    /// <param name="reason">Why nobody has to sign in here.</param>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder, string reason)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Open(reason));

    /// <summary>What every person may do about themselves, and no program for itself.</summary>
    public static TBuilder IsOwnAffair<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new OwnAffair());

    /// <summary>A page of the browser's: each of its handlers says what it needs, and the page's own filter asks.</summary>
    /// <param name="background">Asked for by scripts alone: that keeps no session alive.</param>
    public static TBuilder IsPage<TBuilder>(this TBuilder builder, bool background = false)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Page(background));

    /// <exception cref="InvalidOperationException">Names every route that says neither.</exception>
    public static void Verify(IEnumerable<Endpoint> endpoints)
    {
        var silent = endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<Needed>() is null && endpoint.Metadata.GetMetadata<OwnAffair>() is null && endpoint.Metadata.GetMetadata<Page>() is null && endpoint.Metadata.GetMetadata<Open>() is null).ToArray();
        if (silent.Length > 0)
        {
            throw new InvalidOperationException(
                $"These routes name no permission and are not declared open: {string.Join(", ", silent.Select(endpoint => endpoint.DisplayName))}.");
        }
    }

    public sealed record Needed(Permission Permission, bool WholeGateway);

    public sealed record OwnAffair;

    public sealed record Page(bool Background);

    public sealed record Open(string Reason);
}
