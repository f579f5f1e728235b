using TransportGateway.Protocol;

namespace TransportGateway.Tests.Protocol;

public sealed class WireNamesTests
{
    [Fact]
    public void Only_the_type_of_the_published_message_is_observed() =>
        Assert.Equal(
            ["THIRD_PARTY_KEY"],
            WireNames.RequestTypes.Values.Where(name => name.Evidence == Evidence.Observed).Select(name => name.Canonical));

    [Fact]
    public void Every_type_but_unknown_has_one_name_that_leads_back_to_it()
    {
        Assert.Equal(Enum.GetValues<RequestType>().Where(type => type != RequestType.Unknown), WireNames.RequestTypes.Keys.Order());
        foreach (var (type, name) in WireNames.RequestTypes)
        {
            Assert.Equal(type, WireNames.TypeOf(name.Canonical));
            Assert.All(name.AlsoAccepted, spelling => Assert.Equal(type, WireNames.TypeOf(spelling)));
        }
    }

    [Fact]
    public void The_types_of_Using_Policy_are_known_by_name_and_not_served()
    {
        foreach (var name in WireNames.RequestTypesNotServed)
        {
            Assert.True(WireNames.IsKnownButNotServed(name.Canonical));
            Assert.Equal(RequestType.Unknown, WireNames.TypeOf(name.Canonical));
        }

        Assert.Contains(WireNames.RequestTypesNotServed, name => name.Canonical == "USAGE_REPORT");
        Assert.False(WireNames.IsKnownButNotServed("REGISTRATION"));
    }

    [Fact]
    public void Every_name_says_where_it_is_known_from() =>
        Assert.All(WireNames.AllFields.Concat(WireNames.RequestTypes.Values), name => Assert.NotEmpty(name.Source));

    [Fact]
    public void Every_key_of_the_published_message_is_an_observed_name()
    {
        var observed = WireNames.AllFields.Where(name => name.Evidence == Evidence.Observed).Select(name => name.Canonical).ToHashSet();
        var keys = new HashSet<string>();
        Collect(System.Text.Json.JsonDocument.Parse(Samples.ThirdPartyKey).RootElement);
        Assert.True(keys.Count > 30, $"Only {keys.Count} keys were found.");
        Assert.Empty(keys.Except(observed));
        Assert.Empty(observed.Except(keys));

        void Collect(System.Text.Json.JsonElement element)
        {
            switch (element.ValueKind)
            {
                case System.Text.Json.JsonValueKind.Object:
                    foreach (var property in element.EnumerateObject())
                    {
                        keys.Add(property.Name);
                        Collect(property.Value);
                    }

                    break;
                case System.Text.Json.JsonValueKind.Array:
                    foreach (var item in element.EnumerateArray())
                    {
                        Collect(item);
                    }

                    break;
                case System.Text.Json.JsonValueKind.String when element.GetString() is ['{', ..] inner:
                    Collect(System.Text.Json.JsonDocument.Parse(inner).RootElement);
                    break;
                default:
                    break;
            }
        }
    }
}
