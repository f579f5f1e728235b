using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TransportGateway.Simulators;

/// <summary>One product's folder: state.json and its key, readable by their owner only.</summary>
/// <remarks>
/// The state names the key it belongs to and is replaced as a whole, after the key is there: whenever the process dies, the two fit.
/// </remarks>
public sealed class StateDirectory
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public StateDirectory(string path)
    {
        Path = path;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    public string Path { get; }

    private string StateFile => System.IO.Path.Combine(Path, "state.json");

    public ProductState Load()
    {
        if (!File.Exists(StateFile))
        {
            return ProductState.Unregistered;
        }

        try
        {
            return JsonSerializer.Deserialize<ProductState>(File.ReadAllBytes(StateFile), Format) ?? ProductState.Unregistered;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{StateFile} is damaged ({error.Message}); remove it to start as an unregistered product.", error);
        }
    }

    public void Save(ProductState state)
    {
        Write(StateFile, JsonSerializer.SerializeToUtf8Bytes(state, Format));
        foreach (var file in Directory.EnumerateFiles(Path, "key-*.pem"))
        {
            if (!IsKey(file, state.KeyName) && !IsKey(file, state.Pending?.KeyName))
            {
                File.Delete(file);
            }
        }
    }

    public ProductKey? LoadKey(string? name) =>
        name is not null && File.Exists(KeyFile(name)) ? ProductKey.FromPem(File.ReadAllText(KeyFile(name))) : null;

    public void SaveKey(ProductKey key)
    {
        if (!File.Exists(KeyFile(key.Name)))
        {
            Write(KeyFile(key.Name), Encoding.ASCII.GetBytes(key.ToPem()));
        }
    }

    private string KeyFile(string name) => System.IO.Path.Combine(Path, $"key-{name}.pem");

    private static bool IsKey(string file, string? name) => System.IO.Path.GetFileName(file) == $"key-{name}.pem";

    private static void Write(string file, byte[] bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = file + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, file, overwrite: true);
    }
}
