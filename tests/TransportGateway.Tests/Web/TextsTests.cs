using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Protocol;
using TransportGateway.Protocol.Cluster;
using TransportGateway.Tests.Architecture;
using TransportGateway.Web;

namespace TransportGateway.Tests.Web;

/// <summary>Every sentence of the pages and of the mails is there in both languages.</summary>
public sealed partial class TextsTests
{
    [Fact]
    public void Every_sentence_that_a_page_or_a_mail_shows_is_translated()
    {
        var used = Sources().SelectMany(text => Used().Matches(text).Select(match => match.Groups["sentence"].Value)).Concat(AdministrationAreas.Always.Select(area => area.Name))
            .Concat(Roles.OfSystem.Concat(Roles.OfAccounts).Select(RoleNames.Of)).Distinct().ToArray();
        Assert.True(used.Length > 200, $"Only {used.Length} sentences were found.");
        Assert.Empty(used.Where(sentence => Texts.Chinese[sentence] == sentence).Except(SameInBoth));
    }

    [Fact]
    public void Every_sentence_that_comes_from_behind_the_pages_is_translated_with_the_same_places()
    {
        var made = new[] { "TransportGateway", "TransportGateway.Protocol" }
            .SelectMany(project => Directory.GetFiles(Path.Combine(Repository.Root, "src", project), "*.cs", SearchOption.AllDirectories))
            .SelectMany(file => Made().Matches(File.ReadAllText(file)).Select(match => match.Groups["sentence"].Value)).Distinct().ToArray();
        Assert.Contains(ClusterReport.NodeOfflineSentence.English, made);
        Assert.DoesNotContain(made, sentence => Texts.Chinese[sentence] == sentence);
        Assert.All(made, sentence => Assert.Equal(Places(sentence), Places(Texts.Chinese[sentence])));
    }

    [Fact]
    public void A_sentence_inside_a_sentence_is_said_in_the_same_language()
    {
        var sentence = new Sentence("{0}. Nothing was changed.", new Sentence("The cluster is degraded: the database on {0} does not run", "primary-node"));
        Assert.Equal("The cluster is degraded: the database on primary-node does not run. Nothing was changed.", sentence.ToString());
        Assert.Equal(sentence.ToString(), Texts.English[sentence]);
        Assert.Equal("叢集已降級：primary-node 上的資料庫未執行。未做任何變更。", Texts.Chinese[sentence]);
        Assert.Equal($"\"{sentence}\"", System.Text.Json.JsonSerializer.Serialize(sentence));
    }

    [Fact]
    public void A_translation_has_the_same_places_for_values()
    {
        var used = Sources().SelectMany(text => Used().Matches(text).Select(match => match.Groups["sentence"].Value)).Distinct();
        Assert.All(used, sentence => Assert.Equal(Places(sentence), Places(Texts.Chinese[sentence])));
    }

    /// <summary>Names that nobody translates.</summary>
    private static readonly string[] SameInBoth = ["SKU", "Syslog"];

    private static IEnumerable<string> Places(string text) => Place().Matches(text).Select(match => match.Value).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Sources() => new[] { "Web", "Notifications" }
        .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, "src", "TransportGateway", folder), "*.cs*", SearchOption.AllDirectories)).Select(File.ReadAllText);

    [GeneratedRegex("""\b(T|texts)\[\s*"(?<sentence>[^"]+)"[,\]]""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Used();

    /// <remarks>Also where the kind stands at the declaration: <c>Sentence Name = new("...")</c>.</remarks>
    [GeneratedRegex("""(\bnew Sentence\(|\bSentence \w+ = new\()\s*"(?<sentence>[^"]+)"[,)]""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Made();

    [GeneratedRegex(@"\{\d+\}", RegexOptions.None, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Place();
}
