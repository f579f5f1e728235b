using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TransportGateway.Protocol;

/// <summary>A sentence for people, with what it tells of kept apart: English wherever it becomes text, and in another language where a page knows one.</summary>
/// <param name="english">With places for the values: <c>{0}</c>. Written out where the sentence is made, so that a test finds every one.</param>
[JsonConverter(typeof(SentenceText))]
public sealed class Sentence(string english, params object?[] values)
{
    public string English => english;

    /// <summary>A value may be a sentence itself.</summary>
    public IReadOnlyList<object?> Values => values;

    public override string ToString() => values.Length == 0 ? english : string.Format(CultureInfo.InvariantCulture, english, values);

    private sealed class SentenceText : JsonConverter<Sentence>
    {
        public override Sentence Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, Sentence value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
