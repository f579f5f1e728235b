using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Http;
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

    [GeneratedRegex(@"\{\d+\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place();
}
