using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Simulators.Central;

/// <summary>What Software Central knows. On disk after every change, so that it survives a restart, and a kill at any step.</summary>
/// <remarks>One small file is the commit point; instances of an account lie in a file of their own, named by the sequence that it names.</remarks>
internal sealed class CentralState
{
    private readonly string _folder;
    private readonly string _path;

    public CentralState(string folder)
    {
        _folder = folder;
        _path = Path.Combine(folder, "central.json");
        Directory.CreateDirectory(folder);
        Data = File.Exists(_path) ? JsonSerializer.Deserialize<StateData>(File.ReadAllText(_path))! : new StateData();
    }

    public Lock Lock { get; } = new();

    public StateData Data { get; private set; }

    public string FolderOf(string account, string run) => Path.Combine(_folder, "runs", Safe(account), Safe(run));

    public void DeleteRuns()
    {
        if (Directory.Exists(Path.Combine(_folder, "runs")))
        {
            Directory.Delete(Path.Combine(_folder, "runs"), recursive: true);
        }
    }

    public void Save()
    {
        var temporary = _path + ".new";
        File.WriteAllText(temporary, JsonSerializer.Serialize(Data));
        File.Move(temporary, _path, overwrite: true);
    }

    public Dictionary<string, string> LoadInstances(Registration registration)
    {
        var path = InstancesPath(registration.Account, registration.LastSequence);
        return File.Exists(path)
            ? File.ReadLines(path).Select(line => (Id: JsonNode.Parse(line)!["id"]!.GetValue<string>(), Line: line)).ToDictionary(entry => entry.Id, entry => entry.Line, StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal);
    }

    /// <summary>Becomes what counts with the next <see cref="Save"/> of a registration that names this sequence.</summary>
    public void SaveInstances(string account, long sequence, IEnumerable<string> lines) => File.WriteAllLines(InstancesPath(account, sequence), lines);

    public void DeleteInstances(string account, long sequence) => File.Delete(InstancesPath(account, sequence));

    private string InstancesPath(string account, long sequence) => Path.Combine(_folder, $"instances-{Safe(account)}-{sequence}.jsonl");

    /// <summary>Names that arrive from outside never become paths.</summary>
    private static string Safe(string id) =>
        Guid.TryParse(id, out var parsed) ? parsed.ToString("N") : throw new CentralRefusal("An account or run is not named by a UUID.");
}

internal sealed class StateData
{
    public Dictionary<string, SmartAccount> SmartAccounts { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>By the local account's id.</summary>
    public Dictionary<string, Registration> Registrations { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Authorisations that were given, by run: asked again, the same bytes.</summary>
    public Dictionary<string, byte[]> Authorizations { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Certificates that were issued at synchronisations, by the request's id.</summary>
    public Dictionary<string, byte[]> Certificates { get; init; } = new(StringComparer.Ordinal);

    public int NextId { get; set; } = 100_000;
}

internal sealed class SmartAccount
{
    public required string Name { get; init; }

    public required int Id { get; init; }

    public bool ExportControlAllowed { get; set; } = true;

    public Dictionary<string, VirtualAccount> VirtualAccounts { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    public List<CentralSubstitution> Substitutions { get; init; } = [];
}

internal sealed class VirtualAccount
{
    public required string Name { get; init; }

    public required int Id { get; init; }

    public List<CentralEntitlement> Entitlements { get; init; } = [];
}

internal sealed class Registration
{
    public required string Account { get; init; }

    public required string Gateway { get; init; }

    public required string LocalAccount { get; init; }

    public required string SmartAccount { get; init; }

    public required string VirtualAccount { get; init; }

    /// <summary>DER of the certificates that may sign for the account: the current one, and after a renewal the one before it.</summary>
    public List<byte[]> Certificates { get; set; } = [];

    public long LastSequence { get; set; }

    /// <summary>The run whose answer is there.</summary>
    public string? LastRun { get; set; }

    public int LastResponseParts { get; set; }

    /// <summary>Instances that an administrator removed at Cisco, until a request reports them as ended.</summary>
    public Dictionary<string, string> Removals { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The document that the last run brought about the account: facts and usage.</summary>
    public string? Facts { get; set; }
}

/// <summary>A grant of licences to a virtual account.</summary>
public sealed record CentralEntitlement
{
    public required string Id { get; init; }

    public required string Tag { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public string? Sku { get; init; }

    public string Billing { get; init; } = "Prepaid";

    public required long Quantity { get; init; }

    public required DateTimeOffset StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    public string? SubscriptionId { get; init; }

    public bool Cancelled { get; init; }
}

public sealed record CentralSubstitution(string Higher, string Lower);
