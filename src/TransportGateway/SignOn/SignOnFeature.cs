using TransportGateway.Access;

namespace TransportGateway.SignOn;

/// <summary>People whom somebody else vouches for: an LDAP directory, or an OpenID Connect provider.</summary>
internal static class SignOnFeature
{
    public static IServiceCollection AddSignOn(this IServiceCollection services, string dataDirectory) => services
        .AddSingleton(_ => new LdapDirectory(Path.Combine(dataDirectory, "directory-anchors")))
        .AddSingleton<IExternalPasswords, DirectoryPasswords>()
        .AddSingleton<AdmitPerson>()
        .AddSingleton<ChangeDirectory>()
        .AddSingleton<OpenIdProvider>()
        .AddSingleton<ChangeProvider>();
}
