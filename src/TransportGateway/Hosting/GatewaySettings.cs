using System.Globalization;
using System.Net;
using System.Text.Json;
using TransportGateway.Cluster;
using TransportGateway.HostTls;
using TransportGateway.Licensing;
using TransportGateway.Protocol;
using TransportGateway.Support;

namespace TransportGateway.Hosting;

/// <summary>The configuration: a file, over it the environment, over it the command line.</summary>
internal sealed class GatewaySettings
{
    public const string FileKey = "config";

    private readonly Dictionary<string, object> _values;

    private GatewaySettings(Dictionary<string, object> values) => _values = values;

    /// <summary>Every key there is, in the order of the help text.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Setting.Text("data-directory", "where database, master key and control socket live", DefaultDataDirectory()),
        Setting.Text("backup-directory", "where backups are kept; empty: backups in the data directory. Best on another disk", ""),
        Setting.Text("host-name", "common name of the host certificate: the host part of the URL that products dial. Counts on the first run; later: tgctl certificate host-name set", Environment.MachineName, HostNames.Problem),
        Setting.List("host-alternative-names", "more names and addresses for the host certificate, separated by commas. Counts on the first run, too", "localhost,127.0.0.1,::1", HostNames.Problem),
        Setting.Text("organization", "organisation in the certificates that this gateway issues", "Transport Gateway", OrganizationProblem),
        Setting.EndPoints("listen-https", "addresses and ports for products and the REST API", "8443"),
        Setting.EndPoints("listen-admin", "addresses and ports for browsers and the REST API, with the uploaded certificate where there is one; off when empty", ""),
        Setting.EndPoints("listen-http", "addresses and ports for products that speak plain HTTP; off when empty", ""),
        Setting.Choice("database", "database engine", "sqlite", "sqlite", "postgresql"),
        Setting.Text("postgresql-connection", "Npgsql connection string, when database is postgresql; put it in the file or the environment, not on the command line", "", ConnectionProblem),
        Setting.Number("max-body-bytes", "largest message that is read", 1024 * 1024, 4096, 64 * 1024 * 1024),
        Setting.Number("request-seconds", "seconds that the headers of a request may take to come, and again its body", 30, 1, 3600),
        Setting.List("request-type-aliases", "more names of request types, separated by commas, for when a product uses others: REGISTER=REGISTRATION", "", RequestTypeNames.Problem),
        Setting.List("product-types", "more product types by the name in the software tag, separated by commas, for products that register from then on: ISR*=ROUTER", "", ProductTypes.Problem),
        Setting.Number("registrations-at-a-time", "registrations worked on at once", 16, 1, 1000),
        Setting.Number("registrations-in-line", "registrations that may wait, for 15 seconds; the others are told to try again", 5000, 0, 1_000_000),
        Setting.Number("source-burst", "messages that one source may send at once", 4000, 1, 10_000_000),
        Setting.Number("source-rate", "messages a second that one source may send for long", 1000, 1, 10_000_000),
        Setting.Number("archive-days", "days that messages of products are kept", 30, 1, 3650),
        Setting.Number("event-days", "days that events are kept", 365, 1, 36500),
        Setting.Number("stop-seconds", "how long requests in flight may finish when the gateway stops", 30, 0, 3600),
        Setting.Choice("log-format", "how log lines look", "auto", "auto", "text", "json", "systemd"),
        Setting.Choice("log-level", "least level that is logged", "information", "debug", "information", "warning", "error"),
    ];

    public string Text(string key) => (string)_values[key];

    public int Number(string key) => (int)(long)_values[key];

    public IReadOnlyList<string> List(string key) => (string[])_values[key];

    public IReadOnlyList<IPEndPoint> EndPoints(string key) => (List<IPEndPoint>)_values[key];

    /// <summary>All of them as texts; of one that holds a password, only whether it is set.</summary>
    public SupportFacts ForSupport() => new(All.ToDictionary(
        setting => setting.Key,
        setting => setting.Key == "postgresql-connection" ? Text(setting.Key).Length > 0 ? "set" : "" : _values[setting.Key] switch
        {
            string text => text,
            string[] texts => string.Join(",", texts),
            List<IPEndPoint> endPoints => string.Join(",", endPoints),
            var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
        },
        StringComparer.Ordinal));

    public Listeners Listeners() => new(
    [
        .. EndPoints("listen-https").Select(endPoint => Listener.Of(endPoint, Cluster.Listeners.Products)),
        .. EndPoints("listen-admin").Select(endPoint => Listener.Of(endPoint, Cluster.Listeners.Browsers)),
        .. EndPoints("listen-http").Select(endPoint => Listener.Of(endPoint, Cluster.Listeners.PlainProducts)),
    ]);

    /// <summary>What the host certificate starts from.</summary>
    public HostTlsOptions HostTls() => new(
        HostIdentity.Read(Text("host-name"), List("host-alternative-names"), dualStack: false).Identity!,
        Text("host-name") != All.Single(setting => setting.Key == "host-name").Default,
        HostNames.AreDualStack(EndPoints("listen-https")));

    /// <summary>Reads all three sources. Every error is reported, each with its key and what would be right.</summary>
    public static (GatewaySettings? Settings, IReadOnlyList<string> Errors) Load(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var errors = new List<string>();
        var commandLine = ReadCommandLine(arguments, errors);
        var fromEnvironment = ReadEnvironment(environment, errors);
        var file = commandLine.GetValueOrDefault(FileKey) ?? fromEnvironment.GetValueOrDefault(FileKey);
        var fromFile = file is null ? [] : ReadFile(file, errors);

        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var setting in All)
        {
            var (text, origin) = commandLine.TryGetValue(setting.Key, out var given) ? (given, "--" + setting.Key)
                : fromEnvironment.TryGetValue(setting.Key, out given) ? (given, setting.EnvironmentName)
                : fromFile.TryGetValue(setting.Key, out given) ? (given, $"{setting.Key} in {file}")
                : (setting.Default, $"the default of {setting.Key}");
            var (value, problem) = setting.Parse(text);
            if (problem is null)
            {
                values[setting.Key] = value!;
            }
            else
            {
                errors.Add($"{origin}: {problem}.");
            }
        }

        errors.AddRange(SettingsTogether.Problems(values));
        return errors.Count > 0 ? (null, errors) : (new GatewaySettings(values), errors);
    }

    private static Dictionary<string, string> ReadCommandLine(IReadOnlyList<string> arguments, List<string> errors)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                // What stands behind an equals sign, or in a place where an option's value would be, may be a password.
                errors.Add(arguments[i].Split('=', 2) is [var name, _]
                    ? $"{name}: options begin with --; see --help."
                    : $"Argument {i + 1}: options begin with --; see --help.");
                continue;
            }

            var parts = arguments[i][2..].Split('=', 2);
            var value = parts.Length == 2 ? parts[1] : i + 1 < arguments.Count ? arguments[++i] : null;
            if (!IsKnown(parts[0]))
            {
                errors.Add($"--{parts[0]}: there is no such option; {Nearest(parts[0])}.");
            }
            else if (value is null)
            {
                errors.Add($"--{parts[0]}: a value is missing behind it.");
            }
            else
            {
                values[parts[0]] = value;
            }
        }

        return values;
    }

    private static Dictionary<string, string> ReadEnvironment(IReadOnlyDictionary<string, string> environment, List<string> errors)
    {
        // tgctl's own variables share the prefix.
        string[] consoles = ["TG_CLIENT_SECRET", "TG_CLIENT_ID", "TG_SERVER", "TG_CA", "TG_SOCKET"];
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in environment.Where(entry =>
            entry.Key.StartsWith("TG_", StringComparison.Ordinal) && !entry.Key.StartsWith("TG_TEST_", StringComparison.Ordinal) && !consoles.Contains(entry.Key)))
        {
            var key = name[3..].Replace('_', '-').ToLowerInvariant();
            if (IsKnown(key))
            {
                values[key] = value;
            }
            else
            {
                errors.Add($"{name}: there is no such setting; {Nearest(key)}.");
            }
        }

        return values;
    }

    private static Dictionary<string, string> ReadFile(string path, List<string> errors)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!IsKnown(property.Name))
                {
                    errors.Add($"{property.Name} in {path}: there is no such setting; {Nearest(property.Name)}.");
                    continue;
                }

                values[property.Name] = property.Value.ValueKind switch
                {
                    JsonValueKind.Array => string.Join(',', property.Value.EnumerateArray().Select(entry => entry.ToString())),
                    _ => property.Value.ToString(),
                };
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{path}: the file cannot be read ({exception.Message}).");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            errors.Add($"{path}: not a JSON object of settings ({exception.Message.Split('\n')[0]}).");
        }

        return values;
    }

    private static bool IsKnown(string key) => key == FileKey || All.Any(setting => setting.Key == key);

    private static string Nearest(string key)
    {
        var part = key.Split('-', '_')[0];
        var near = All.Select(setting => setting.Key).Where(known => part.Length > 2 && known.Contains(part, StringComparison.OrdinalIgnoreCase)).ToArray();
        return near.Length > 0 ? $"did you mean {string.Join(" or ", near)}" : "see --help for all of them";
    }

    private static string? OrganizationProblem(string text) =>
        text.Length is > 0 and <= 40 && !text.Any(char.IsControl) ? null : "1 to 40 characters are needed";

    /// <summary>The sentence does not quote the text, which may hold a password.</summary>
    private static string? ConnectionProblem(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            // Opens nothing, but looks whether the parts go together.
            using var source = Npgsql.NpgsqlDataSource.Create(text);
            return null;
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
        {
            return "parts of the connection string do not go together; begin with Host=db.example;Database=gateway;Username=gateway and add the others one by one";
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return "not an Npgsql connection string; write Key=Value pairs with semicolons between, as in Host=db.example;Database=gateway;Username=gateway";
        }
    }

    private static string DefaultDataDirectory()
    {
        if (Environment.GetEnvironmentVariable("STATE_DIRECTORY") is { Length: > 0 } state)
        {
            return state;
        }

        var home = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data
            ? data
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return Path.Combine(home, "transport-gateway");
    }

    public static string Help() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        The transport gateway: an on-premises Smart Licensing server.

        Every setting is an option, a variable, or a key of the JSON file named by --{FileKey}; the first of these that is given counts.

        {string.Join('\n', All.Select(setting => $"  --{setting.Key,-26} {setting.Help}\n{"",-31}{setting.EnvironmentName}; default: {(setting.Default.Length == 0 ? "none" : setting.Default)}"))}
          --version                    prints the version
        """);
}
