using System.Globalization;

namespace TransportGateway.Benchmarks;

internal enum EngineKind
{
    Sqlite,
    PostgreSql,
}

internal sealed record BenchmarkOptions(IReadOnlyList<EngineKind> Engines, int Seconds, int Rounds, int Connections, IReadOnlyList<string> Parts)
{
    public const string ServerVariable = "TG_TEST_POSTGRESQL";

    public const string Help =
        $"""
        Compares the gateway with a floor: a bare Kestrel handler with the same TLS, cryptography and SQL, and nothing else.

          --engine sqlite|postgresql|both   default both; PostgreSQL is the server that {ServerVariable} names
          --seconds N                       how long a round is to last on the gateway, 1 to 60; default 4
          --rounds N                        pairs of rounds for each figure, 1 to 50; default 5
          --connections N                   requests under way at a time, 1 to 256; default 16
          --only PART                       one of throughput, footprint, pages, relay, synchronisation
        """;

    private static readonly string[] AllParts = ["throughput", "footprint", "pages", "relay", "synchronisation"];

    public static (BenchmarkOptions? Options, string? Problem) Read(IReadOnlyList<string> arguments)
    {
        var values = new Dictionary<string, string> { ["--engine"] = "both", ["--seconds"] = "4", ["--rounds"] = "5", ["--connections"] = "16", ["--only"] = "all" };
        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (!values.ContainsKey(arguments[i]) || i + 1 == arguments.Count)
            {
                return (null, $"{arguments[i]}: there is no such option, or its value is missing.");
            }

            values[arguments[i]] = arguments[i + 1];
        }

        IReadOnlyList<EngineKind>? engines = values["--engine"] switch
        {
            "sqlite" => [EngineKind.Sqlite],
            "postgresql" => [EngineKind.PostgreSql],
            "both" => [EngineKind.Sqlite, EngineKind.PostgreSql],
            _ => null,
        };
        if (engines is null
            || Number("--seconds", 60) is not { } seconds
            || Number("--rounds", 50) is not { } rounds
            || Number("--connections", 256) is not { } connections
            || (values["--only"] != "all" && !AllParts.Contains(values["--only"])))
        {
            return (null, "An option has a value that will not do.");
        }

        if (engines.Contains(EngineKind.PostgreSql) && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ServerVariable)))
        {
            return (null, $"{ServerVariable} is not set. Set it to a PostgreSQL on loopback where this user may create databases, or say --engine sqlite.");
        }

        return (new BenchmarkOptions(engines, seconds, rounds, connections, values["--only"] == "all" ? AllParts : [values["--only"]]), null);

        int? Number(string key, int most) =>
            int.TryParse(values[key], NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1 && value <= most ? value : null;
    }
}
