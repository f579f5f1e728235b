using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary>Which gateway to talk to, and how answers are printed.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<string?> _socket = Recursive<string?>("--socket", "the gateway's control socket (TG_SOCKET)");
    private readonly Option<string?> _dataDirectory = Recursive<string?>("--data-directory", "the gateway's data directory, in which the control socket is (TG_DATA_DIRECTORY)");
    private readonly Option<string?> _server = Recursive<string?>("--server", "a gateway on another machine, as in https://licences.example.com:8443 (TG_SERVER)");
    private readonly Option<string?> _ca = Recursive<string?>("--ca", "PEM file with the trust anchor of --server (TG_CA)");
    private readonly Option<string?> _clientId = Recursive<string?>("--client-id", "API client to sign in with; its secret comes from TG_CLIENT_SECRET or a prompt (TG_CLIENT_ID)");
    private readonly Option<string> _output = Recursive<string>("--output", "table or json");

    public ConnectionOptions()
    {
        _output.Aliases.Add("-o");
        _output.DefaultValueFactory = _ => "table";
        _output.AcceptOnlyFromAmong("table", "json");
    }

    public void AddTo(RootCommand root)
    {
        foreach (var option in new Option[] { _socket, _dataDirectory, _server, _ca, _clientId, _output })
        {
            root.Options.Add(option);
        }
    }

    public bool Json(ParseResult parsed) => parsed.GetValue(_output) == "json";

    public string? Server(ParseResult parsed) => parsed.GetValue(_server) ?? Variable("TG_SERVER");

    public string? Ca(ParseResult parsed) => parsed.GetValue(_ca) ?? Variable("TG_CA");

    public string? ClientId(ParseResult parsed) => parsed.GetValue(_clientId) ?? Variable("TG_CLIENT_ID");

    public string Socket(ParseResult parsed) =>
        parsed.GetValue(_socket) ?? Variable("TG_SOCKET")
        ?? ((parsed.GetValue(_dataDirectory) ?? Variable("TG_DATA_DIRECTORY")) is { } directory ? Path.Combine(directory, "control.sock") : DefaultSocket());

    /// <summary>That of the gateway which this user started, else that of the installed service.</summary>
    private static string DefaultSocket()
    {
        var own = Path.Combine(DefaultDataDirectory(), "control.sock");
        return !File.Exists(own) && File.Exists(Ha.HaPaths.ControlSocket) ? Ha.HaPaths.ControlSocket : own;
    }

    /// <remarks>The same choice as the server makes, so that both find each other without a word of configuration.</remarks>
    private static string DefaultDataDirectory() =>
        Variable("STATE_DIRECTORY")
        ?? Path.Combine(
            Variable("XDG_DATA_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share"), "transport-gateway");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static Option<T> Recursive<T>(string name, string help) => new(name) { Description = help, Recursive = true };
}
