using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using System.Text;

namespace TransportGateway.Simulators.Commands;

/// <summary>The options that say which product and which gateway.</summary>
internal sealed class ProductOptions
{
    private readonly Option<Uri> url = UrlOption();

    private readonly Option<FileInfo> ca = new("--ca")
    {
        Description = "PEM file with the root certificate the product trusts, for TLS and for licensing messages.",
        Required = true,
    };

    private readonly Option<FileInfo?> licensingCa = new("--licensing-ca")
    {
        Description = "PEM file with the root of licensing messages, when it is not the one of TLS.",
    };

    private readonly Option<string?> transport = TransportOption();

    private readonly Option<DirectoryInfo?> state = new("--state")
    {
        Description = "Directory with one folder per product for its key and state. [default: ~/.local/state/tgsim]",
    };

    private readonly Option<string> product = new("--product")
    {
        Description = "Name of the product: annanr-39, cucmpub, pi37 or cucm-pub-30, or any other name together with --kind.",
        Required = true,
    };

    private readonly Option<string?> kind = new("--kind")
    {
        Description = "ucm or pi: what a product is that is none of the four.",
    };

    public ProductOptions(Command command, bool gateway = true, bool named = true)
    {
        kind.AcceptOnlyFromAmong("ucm", "pi");
        Option[] ofGateway = gateway ? [url, ca, licensingCa, transport] : [];
        Option[] ofProduct = named ? [product, kind] : [];
        foreach (var option in (Option[])[.. ofGateway, .. ofProduct, state])
        {
            command.Options.Add(option);
        }
    }

    public static Option<Uri> UrlOption() => new("--url")
    {
        Description = "Address of the gateway, as a product would be given it: https://HOST[:PORT]/Transportgateway/services/DeviceRequestHandler, "
            + "or .../SmartTransport. Without a path the one of the transport is used.",
        Required = true,
        CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? uri
            : Invalid<Uri>(result, $"{result.Tokens[0].Value} is not an http or https address."),
    };

    public static Option<string?> TransportOption()
    {
        var option = new Option<string?>("--transport")
        {
            Description = "callhome or smart. [default: what the path of --url says, else callhome]",
        };
        option.AcceptOnlyFromAmong("callhome", "smart");
        return option;
    }

    public GatewayClient Gateway(ParseResult parsed)
    {
        var address = parsed.GetRequiredValue(url);
        return new GatewayClient(address, TransportOf(address, parsed.GetValue(transport)), ReadAnchors(parsed.GetRequiredValue(ca)));
    }

    public SimulatedProduct Open(ParseResult parsed, GatewayClient gateway, TimeProvider clock) =>
        Open(parsed, gateway, Definition(parsed), clock, wireClock: null);

    public SimulatedProduct Open(
        ParseResult parsed, GatewayClient gateway, ProductDefinition definition, TimeProvider clock, TimeProvider? wireClock) =>
        new(new SimulatedProductOptions
        {
            Product = definition,
            Gateway = gateway,
            Clock = clock,
            WireClock = wireClock,
            State = new StateDirectory(Folder(parsed, definition)),
            LicensingAnchors = parsed.GetValue(licensingCa) is { } file ? ReadAnchors(file) : null,
        });

    /// <summary>What the product's state file holds, without opening the product.</summary>
    public ProductState Read(ParseResult parsed, ProductDefinition definition)
    {
        var folder = Folder(parsed, definition);
        return Directory.Exists(folder)
            ? new StateDirectory(folder).Load()
            : throw new UsageException($"{definition.Name} has no state in {folder}; register it first, or give --state.");
    }

    public ProductDefinition Definition(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(product);
        if (SeedProducts.Find(name) is { } known)
        {
            return known;
        }

        if (name.Length is 0 or > 64 || !char.IsAsciiLetterOrDigit(name[0])
            || !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_'))
        {
            throw new UsageException(
                "A product's name has up to 64 letters, digits, hyphens, dots and underscores, and begins with a letter or digit.");
        }

        return parsed.GetValue(kind) switch
        {
            "ucm" => SeedProducts.UnifiedCm(name, UuidOf(name), new Entitlement(EntitlementTags.UcmEnhanced, 1)),
            "pi" => SeedProducts.Prime(name, new Entitlement(EntitlementTags.PiBase, 1)),
            _ => throw new UsageException(
                $"{name} is none of {string.Join(", ", SeedProducts.All.Select(known => known.Name))}; add --kind ucm or --kind pi to make it up."),
        };
    }

    internal static TrustAnchors ReadAnchors(FileInfo file)
    {
        try
        {
            return TrustAnchors.FromPem(File.ReadAllText(file.FullName));
        }
        catch (FileNotFoundException)
        {
            throw new UsageException($"{file} does not exist; give the file with the gateway's root certificate.");
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new UsageException($"{file} holds no certificate in PEM; give the file with the gateway's root certificate.");
        }
    }

    internal static DeviceTransport TransportOf(Uri address, string? asked)
    {
        DeviceTransport? byPath = address.AbsolutePath switch
        {
            var path when path.Equals(GatewayClient.CallHomePath, StringComparison.OrdinalIgnoreCase) => DeviceTransport.CallHome,
            var path when path.Equals(GatewayClient.SmartTransportPath, StringComparison.OrdinalIgnoreCase) => DeviceTransport.SmartTransport,
            _ => null,
        };
        DeviceTransport? byOption = asked switch
        {
            "callhome" => DeviceTransport.CallHome,
            "smart" => DeviceTransport.SmartTransport,
            _ => null,
        };
        return byPath is not null && byOption is not null && byPath != byOption
            ? throw new UsageException(
                $"The path of {address} belongs to the other transport; leave --transport out, "
                + $"or give https://{address.Authority}/ and let the transport choose the path.")
            : byOption ?? byPath ?? DeviceTransport.CallHome;
    }

    private string Folder(ParseResult parsed, ProductDefinition definition) => Path.Combine(
        parsed.GetValue(state)?.FullName ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
            ".local",
            "state",
            "tgsim"),
        definition.Name);

    /// <summary>The same name is the same machine in every run.</summary>
    private static string UuidOf(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..32];

    private static T? Invalid<T>(ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
