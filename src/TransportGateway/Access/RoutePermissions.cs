namespace TransportGateway.Access;

internal static class RoutePermissions
{
    public static TBuilder OpenToAll<TBuilder>(this TBuilder builder, string reason)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(reason));
        return builder;
    }
}
