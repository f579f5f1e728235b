using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>Reads the fields of one JSON object by the alias table. Nothing here throws: what is wrong goes to the problems.</summary>
/// <param name="path">Where the object stands in the message, for the sentences; with an index it is a row of the array there.</param>
internal readonly struct JsonFields(JsonElement json, string path, FieldProblems problems, int index = -1)
{
    public FieldProblems Problems => problems;

    /// <summary>The field, or null when it is absent or null, which mean the same on this protocol.</summary>
    public JsonElement? Find(WireName field)
    {
        JsonElement? found = null;
        foreach (var property in json.EnumerateObject())
        {
            if (!Matches(field, property))
            {
                continue;
            }

            if (found is not null)
            {
                problems.Bad(field.Canonical, $"The field {PathOf(field)} is given twice.");
                return null;
            }

            found = property.Value;
        }

        return found is { ValueKind: not JsonValueKind.Null } ? found : null;
    }

    public string? Text(WireName field, int maxLength = WireLimits.TextLength, bool allowLines = false)
    {
        if (Find(field) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            problems.Bad(field.Canonical, $"The field {PathOf(field)} must be a string.");
            return null;
        }

        if (JsonText.Read(value) is not { } text)
        {
            problems.Bad(field.Canonical, $"The field {PathOf(field)} holds half of a surrogate pair.");
            return null;
        }

        if (text.Length > maxLength)
        {
            problems.Bad(field.Canonical, $"The field {PathOf(field)} is longer than {maxLength} characters.");
            return null;
        }

        if (HoldsControlCharacters(text, allowLines))
        {
            problems.Bad(field.Canonical, $"The field {PathOf(field)} holds a control character.");
            return null;
        }

        return text;
    }

    public string? RequiredText(WireName field, int maxLength = WireLimits.TextLength, bool allowLines = false) =>
        IsPresent(field) ? Text(field, maxLength, allowLines) : null;

    public long? Integer(WireName field, long min, long max)
    {
        if (Find(field) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
        {
            return number;
        }

        problems.Bad(field.Canonical, $"The field {PathOf(field)} must be an integer from {min} to {max}.");
        return null;
    }

    public long? RequiredInteger(WireName field, long min, long max) => IsPresent(field) ? Integer(field, min, max) : null;

    public bool Flag(WireName field)
    {
        switch (Find(field)?.ValueKind)
        {
            case null or JsonValueKind.False:
                return false;
            case JsonValueKind.True:
                return true;
            default:
                problems.Bad(field.Canonical, $"The field {PathOf(field)} must be true or false.");
                return false;
        }
    }

    public JsonFields? Object(WireName field)
    {
        if (Find(field) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new JsonFields(value, PathOf(field), problems);
        }

        problems.Bad(field.Canonical, $"The field {PathOf(field)} must be an object.");
        return null;
    }

    /// <summary>The array, each row read by the function; empty when absent.</summary>
    public IReadOnlyList<T> Rows<T>(WireName field, int maxRows, Func<JsonFields, T?> read)
        where T : class
    {
        if (Array(field, maxRows) is not { } array)
        {
            return [];
        }

        var arrayPath = PathOf(field);
        var rows = new List<T>(array.GetArrayLength());
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                problems.Bad(field.Canonical, $"The field {PathOf(field)} must hold objects only.");
                return [];
            }

            if (read(new JsonFields(item, arrayPath, problems, rows.Count)) is not { } row)
            {
                return [];
            }

            rows.Add(row);
        }

        return rows;
    }

    public IReadOnlyList<T> RequiredRows<T>(WireName field, int maxRows, Func<JsonFields, T?> read)
        where T : class =>
        IsPresent(field) ? Rows(field, maxRows, read) : [];

    public IReadOnlyList<string> Texts(WireName field, int maxRows)
    {
        if (Array(field, maxRows) is not { } array)
        {
            return [];
        }

        var texts = new List<string>(array.GetArrayLength());
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String
                || JsonText.Read(item) is not { Length: <= WireLimits.TextLength } text
                || HoldsControlCharacters(text, allowLines: false))
            {
                problems.Bad(
                    field.Canonical, $"The field {PathOf(field)} must hold strings of at most {WireLimits.TextLength} characters only.");
                return [];
            }

            texts.Add(text);
        }

        return texts;
    }

    public string PathOf(WireName field) => (path.Length, index) switch
    {
        (0, _) => field.Canonical,
        (_, < 0) => $"{path}.{field.Canonical}",
        _ => $"{path}[{index}].{field.Canonical}",
    };

    private static bool Matches(WireName field, in JsonProperty property)
    {
        try
        {
            return field.Matches(property);
        }
        catch (InvalidOperationException)
        {
            // A name with half of a surrogate pair, such as "\ud800", equals none of ours.
            return false;
        }
    }

    /// <summary>Line ends and tabs are part of PEM and of pasted tokens; other control characters, NUL above all, are part of nothing.</summary>
    private static bool HoldsControlCharacters(string text, bool allowLines)
    {
        foreach (var character in text)
        {
            if (char.IsControl(character) && !(allowLines && character is '\r' or '\n' or '\t'))
            {
                return true;
            }
        }

        return false;
    }

    private JsonElement? Array(WireName field, int maxRows)
    {
        if (Find(field) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            problems.Bad(field.Canonical, $"The field {PathOf(field)} must be an array.");
            return null;
        }

        if (value.GetArrayLength() > maxRows)
        {
            problems.Bad(field.Canonical, $"The field {PathOf(field)} holds more than {maxRows} members.");
            return null;
        }

        return value;
    }

    private bool IsPresent(WireName field)
    {
        var before = problems.BadValue;
        if (Find(field) is not null)
        {
            return true;
        }

        if (ReferenceEquals(before, problems.BadValue))
        {
            problems.Missing(field, PathOf(field));
        }

        return false;
    }
}
