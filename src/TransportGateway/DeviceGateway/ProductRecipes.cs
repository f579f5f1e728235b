namespace TransportGateway.DeviceGateway;

/// <summary>What an administrator types into a product so that it comes to this gateway (wire-protocol, device sections; ssm-on-prem 2.6).</summary>
internal static class ProductRecipes
{
    /// <param name="origin">Scheme, host and port of the gateway.</param>
    public static IReadOnlyList<(string Product, string Lines)> For(string origin)
    {
        var callHome = origin + DeviceGatewayFeature.CallHomePath;
        var smart = origin + DeviceGatewayFeature.SmartTransportPath;
        return
        [
            ("IOS XE",
                $"""
                license smart url smart {smart}
                license smart transport smart
                license smart register idtoken TOKEN

                ! releases with Call Home alone:
                service call-home
                call-home
                 profile CiscoTAC-1
                  active
                  destination transport-method http
                  destination address http {callHome}
                """),
            ("IOS XR",
                $"""
                call-home
                 service active
                 profile CiscoTAC-1
                  active
                  destination address http {callHome}
                  destination transport-method http
                !
                license smart register idtoken TOKEN
                """),
            ("NX-OS",
                $"""
                callhome
                  email-contact admin@example.com
                  phone-contact +00000000000
                  streetaddress NONE
                  destination-profile CiscoTAC-1 transport-method http
                  destination-profile CiscoTAC-1 http {callHome}
                  enable
                license smart register idtoken TOKEN
                """),
            ("Unified CM",
                $"""
                System > Licensing > License Management > View/Edit the Licensing Smart Call Home settings:
                  Transport Gateway: {callHome}
                Register, with the token
                """),
            ("Prime Infrastructure",
                $"""
                Administration > Licenses and Software Updates > Smart Software Licensing:
                  Licensing mode: Transport Gateway
                  URL: {callHome}
                Register, with the token
                """),
        ];
    }
}
