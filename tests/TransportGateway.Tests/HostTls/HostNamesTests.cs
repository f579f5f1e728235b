using System.Net;
using TransportGateway.HostTls;

namespace TransportGateway.Tests.HostTls;

public sealed class HostNamesTests
{
    [Theory]
    [InlineData("licences.example.com", "licences.example.com")]
    [InlineData("Licences.Example.COM", "licences.example.com")]
    [InlineData("ssm", "ssm")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("2001:DB8:0:0::1", "2001:db8::1")]
    [InlineData("münchen.example", "xn--mnchen-3ya.example")]
    [InlineData("MÜNCHEN.example", "xn--mnchen-3ya.example")]
    [InlineData("xn--mnchen-3ya.example", "xn--mnchen-3ya.example")]
    [InlineData("3com.example", "3com.example")]
    public void A_name_or_an_address_is_kept_in_its_one_spelling(string given, string kept) => Assert.Equal((kept, null), HostNames.Read(given));

    [Theory]
    [InlineData("", "a name or an address is needed, as in licences.example.com")]
    [InlineData("https://licences.example.com/", "is a URL; only the host part is needed, as in licences.example.com")]
    [InlineData("licences.example.com/path", "is a URL; only the host part is needed")]
    [InlineData("licences.example.com:8443", "names a port; leave it out")]
    [InlineData("[2001:db8::1]:8443", "names a port; leave it out, and the brackets, too")]
    [InlineData("[2001:db8::1]", "leave out the brackets: 2001:db8::1")]
    [InlineData("two words", "has a blank or a control character in it; leave it out")]
    [InlineData("line\nbreak", "has a blank or a control character in it; leave it out")]
    [InlineData("*.example.com", "is a wildcard; products need the exact name that they dial")]
    [InlineData("my_host", "has an underscore, which host names cannot have; use a hyphen")]
    [InlineData("-a.example", "is not a host name; labels of letters, digits and hyphens")]
    [InlineData("a..example", "is not a host name; labels of letters, digits and hyphens")]
    [InlineData("user@example.com", "is not a host name; labels of letters, digits and hyphens")]
    [InlineData("licences.example.com.", "ends with a dot; leave it out")]
    [InlineData("192.0.2", "is not a whole address; write its four numbers, as in 192.0.2.1")]
    [InlineData("8443", "is not a whole address; write its four numbers, as in 192.0.2.1")]
    [InlineData("192.0.2.256", "is neither a name nor an address; an address has four numbers of at most 255")]
    [InlineData("fe80::1%eth0", "names an interface of one machine; use an address that products can reach")]
    [InlineData("::ffff:192.0.2.1", "is an IPv4 address in IPv6 form; write 192.0.2.1")]
    [InlineData("0.0.0.0", "is an address that nobody can dial; use one of this gateway")]
    [InlineData("224.0.0.1", "is an address that nobody can dial; use one of this gateway")]
    [InlineData("mu\u0308nchen.example", "cannot be encoded as an internationalised name; give it in its encoded form, as in xn--mnchen-3ya.example")]
    [InlineData("smile\u263a.example", "cannot be encoded as an internationalised name")]
    [InlineData("xn--0.example", "cannot be encoded as an internationalised name")]
    public void What_cannot_work_is_refused_with_a_sentence_that_says_what_would(string given, string sentence) =>
        Assert.Contains(sentence, HostNames.Problem(given), StringComparison.Ordinal);

    [Fact]
    public void A_label_or_a_name_that_is_too_long_is_refused_with_the_bound()
    {
        Assert.Contains("has 64 characters; between two dots 63 are the most", HostNames.Problem(new string('a', 64) + ".example"), StringComparison.Ordinal);
        Assert.Contains("longer than the 253 characters", HostNames.Problem(string.Join('.', Enumerable.Repeat(new string('a', 60), 5))), StringComparison.Ordinal);
        Assert.Contains("longer than the 253 characters", HostNames.Problem(new string('a', 100_000)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_longer_than_a_common_name_can_be_an_additional_one_only()
    {
        var name = $"{new string('a', 50)}.{new string('b', 30)}.example";
        Assert.Null(HostNames.Problem(name));
        Assert.Contains("longer than the 64 characters of a common name", HostNames.CommonNameProblem(name, dualStack: false), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_is_no_common_name_on_two_address_families_and_the_sentence_names_both_ways_out()
    {
        var problem = HostNames.CommonNameProblem("192.0.2.1", dualStack: true);
        Assert.Contains("use a fully qualified name", problem, StringComparison.Ordinal);
        Assert.Contains("let listen-https name addresses of one family alone", problem, StringComparison.Ordinal);
        Assert.Null(HostNames.CommonNameProblem("192.0.2.1", dualStack: false));
        Assert.Null(HostNames.CommonNameProblem("licences.example.com", dualStack: true));
    }

    [Theory]
    [InlineData(true, "[::]:8443")]
    [InlineData(true, "192.0.2.1:443", "[2001:db8::1]:443")]
    [InlineData(false, "0.0.0.0:443", "192.0.2.1:8443")]
    [InlineData(false, "[2001:db8::1]:443")]
    public void Listeners_are_dual_stack_when_they_take_both_families(bool dual, params string[] listeners) =>
        Assert.Equal(dual, HostNames.AreDualStack(listeners.Select(IPEndPoint.Parse)));

    [Fact]
    public void An_identity_lists_the_common_name_first_and_every_name_once()
    {
        var (identity, problem) = HostIdentity.Read("SSM.example", ["ssm.example", "127.0.0.1", "127.0.0.1"], dualStack: true);
        Assert.Null(problem);
        Assert.Equal(["ssm.example", "127.0.0.1"], identity!.AllNames);
        Assert.Contains("101 additional names are too many", HostIdentity.Read("ssm", [.. Enumerable.Range(0, 101).Select(i => $"n{i}")], dualStack: false).Problem, StringComparison.Ordinal);
    }
}

public sealed class HostNameLookupTests
{
    private static readonly IPAddress Own = IPAddress.Parse("192.0.2.1");

    [Fact]
    public async Task Names_that_lead_here_raise_no_warning()
    {
        var lookup = new HostNameLookup((_, _) => Task.FromResult(new[] { Own }), () => [Own], TimeSpan.FromSeconds(10));
        Assert.Empty(await lookup.WarningsAsync(["licences.example.com", "192.0.2.1"], CancellationToken.None));
    }

    [Fact]
    public async Task Names_that_lead_elsewhere_or_nowhere_are_a_warning_each()
    {
        var lookup = new HostNameLookup(
            (name, _) => name == "elsewhere.example"
                ? Task.FromResult(new[] { IPAddress.Parse("198.51.100.7") })
                : throw new System.Net.Sockets.SocketException(11001),
            () => [Own],
            TimeSpan.FromSeconds(10));
        Assert.Equal(
            [
                "'elsewhere.example' resolves to 198.51.100.7, none of which is an address of this machine now.",
                "'nowhere.example' does not resolve on this machine; products that dial it need a DNS entry.",
                "'198.51.100.7' is not an address of this machine now; that is right only for a virtual address that another node holds.",
            ],
            (await lookup.WarningsAsync(["elsewhere.example", "nowhere.example", "198.51.100.7"], CancellationToken.None)).Select(warning => warning.ToString()));
    }

    [Fact]
    public async Task A_look_up_that_hangs_ends_at_its_bound()
    {
        var lookup = new HostNameLookup((_, _) => new TaskCompletionSource<IPAddress[]>().Task, () => [Own], TimeSpan.FromMilliseconds(50));
        Assert.Equal(
            ["'slow.example' could not be looked up within 0 seconds; check DNS."],
            (await lookup.WarningsAsync(["slow.example"], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30))).Select(warning => warning.ToString()));
    }

    [Fact]
    public async Task The_machines_own_name_service_knows_localhost() =>
        Assert.Empty(await new HostNameLookup().WarningsAsync(["localhost", "127.0.0.1", "::1"], CancellationToken.None));
}
