using TransportGateway.Accounts;

namespace TransportGateway.Tests.Accounts;

/// <summary>Every step from every status: what is not listed here is refused.</summary>
public sealed class AccountTransitionsTests
{
    private static readonly string[] Statuses = ["pending", "awaiting-authorization", "active", "inactive", "rejected", "error"];

    [Theory]
    [InlineData(nameof(AccountStep.Approve), "awaiting-authorization", "pending")]
    [InlineData(nameof(AccountStep.Reject), "rejected", "pending")]
    [InlineData(nameof(AccountStep.RequestAgain), "pending", "rejected")]
    [InlineData(nameof(AccountStep.CompleteRegistration), "active", "awaiting-authorization", "active", "error")]
    [InlineData(nameof(AccountStep.FailRegistration), "error", "awaiting-authorization", "active", "error")]
    [InlineData(nameof(AccountStep.Activate), "active", "inactive")]
    [InlineData(nameof(AccountStep.Deactivate), "inactive", "active")]
    [InlineData(nameof(AccountStep.RegisterAgain), "awaiting-authorization", "active", "inactive", "error")]
    public void A_step_leads_from_these_statuses_alone(string step, string to, params string[] from)
    {
        Assert.Equal(from, Statuses.Where(AccountTransitions.From(Enum.Parse<AccountStep>(step)).Contains));
        Assert.Equal(to, AccountTransitions.To(Enum.Parse<AccountStep>(step)));
    }

    [Fact]
    public void Every_step_is_in_the_table_and_has_its_words() =>
        Assert.All(Enum.GetValues<AccountStep>(), step =>
        {
            Assert.NotEmpty(AccountTransitions.From(step));
            Assert.NotEmpty(AccountTransitions.Done(step));
        });

    [Fact]
    public void A_refusal_says_what_the_account_is_and_what_it_would_have_to_be()
    {
        Assert.Equal(
            "Local account 'TEST' cannot be approved: it is Active, and only one that is Pending can be.",
            AccountTransitions.Refusal(AccountStep.Approve, Account(AccountStatus.Active)));
        Assert.Equal(
            "Local account 'TEST' cannot be put up for another registration: it is Rejected, and only one that is Active, Inactive or Error can be.",
            AccountTransitions.Refusal(AccountStep.RegisterAgain, Account(AccountStatus.Rejected)));
    }

    [Theory]
    [InlineData("pending", "Pending")]
    [InlineData("awaiting-authorization", "Awaiting authorisation file")]
    [InlineData("active", "Active")]
    [InlineData("inactive", "Inactive")]
    [InlineData("rejected", "Rejected: no budget")]
    [InlineData("error", "Error: no budget")]
    public void A_status_is_shown_in_the_known_words(string status, string shown) => Assert.Equal(shown, AccountStatus.Shown(status, "no budget"));

    [Fact]
    public void Every_status_but_active_says_how_to_become_active() =>
        Assert.All(Statuses.Where(status => status != AccountStatus.Active), status => Assert.NotEmpty(AccountStatus.WayToActive(Account(status))));

    [Theory]
    [InlineData("BcnSSC", "BcnSSC-1")]
    [InlineData("CUBE Regression Mirabile", "CUBE%20Regression%20Mirabile-1")]
    [InlineData("Müller & Söhne", "M%C3%BCller%20%26%20S%C3%B6hne-1")]
    public void A_tenant_id_is_the_name_as_a_url_carries_it(string name, string tenantId) => Assert.Equal(tenantId, Names.TenantId(name));

    private static LocalAccountRow Account(string status) =>
        new() { Id = "1", Name = "TEST", Status = status, CreatedBy = "a test", CreatedAt = DateTimeOffset.UnixEpoch };
}
