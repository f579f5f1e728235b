namespace TransportGateway.Web.Documentation;

/// <summary>The REST API's contract to read, without anything from elsewhere.</summary>
internal sealed class ApiDocumentationPage : GatewayPage
{
    public ApiContract Contract { get; private set; } = null!;

    [OwnAffairs]
    public void OnGet() => Contract = ApiContract.Own;
}
