using System.Security.Cryptography;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Webhooks;

/// <summary>Creates, removes and tries webhooks.</summary>
internal sealed class ChangeWebhooks(Database database, MasterKey masterKey, TimeProvider clock)
{
    public const string SecretPurpose = "webhook-secret";
    private const int MostWebhooks = 20;

    public abstract record Outcome
    {
        /// <param name="Secret">Shown this once: <c>whsec_</c> and 24 bytes in base64, as the libraries for Standard Webhooks take it.</param>
        public sealed record Created(WebhookRow Webhook, Secret Secret) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        private Outcome() { }
    }

    /// <param name="tlsAnchors">Roots that the address's certificate must chain to, PEM; empty for those of the machine.</param>
    public async Task<Outcome> CreateAsync(Caller by, string name, string address, string tlsAnchors, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        if (name.Trim().Length is 0 or > 100 || name.Any(char.IsControl))
        {
            problems.Add("name: 1 to 100 characters.");
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out var parsed) || parsed.Scheme != Uri.UriSchemeHttps || parsed.UserInfo.Length > 0 || address.Length > 2000)
        {
            problems.Add("address: an https URL without user and password is needed.");
        }

        UpstreamRoute.CheckAnchors("tlsAnchors", tlsAnchors, problems);
        if (problems.Count > 0)
        {
            return new Outcome.Invalid(string.Join(' ', problems));
        }

        var now = clock.GetUtcNow();
        var secret = new Secret("whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(24)));
        var webhook = new WebhookRow
        {
            Id = Ids.New(now),
            Name = name.Trim(),
            Address = parsed!.AbsoluteUri,
            SealedSecret = masterKey.SealText(SecretPurpose, secret),
            TlsAnchors = tlsAnchors.Trim(),
            CreatedBy = by.Name,
            CreatedAt = now,
        };
        await using var session = await database.BeginAsync(cancellationToken);
        var store = new WebhookStore(session);
        if ((await store.ListAsync(cancellationToken)).Count >= MostWebhooks)
        {
            return new Outcome.Invalid($"There are {MostWebhooks} webhooks already. Remove one that nobody needs.");
        }

        await store.AddAsync(webhook, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.WebhookCreated, Severity.Info, by.Name, $"Webhook {webhook.Name} was created for {parsed.Host}."), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Created(webhook, secret);
    }

    /// <returns>False when it is gone already.</returns>
    public async Task<bool> RemoveAsync(Caller by, string id, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var store = new WebhookStore(session);
        if (await store.FindAsync(id, cancellationToken) is not { } webhook || !await store.DeleteAsync(id, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.WebhookRemoved, Severity.Info, by.Name, $"Webhook {webhook.Name} was removed."), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return true;
    }

    /// <summary>Puts a message on its way that says nothing but that it is a test; false when there is no such webhook.</summary>
    public async Task<bool> TestAsync(string id, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var store = new WebhookStore(session);
        if (await store.FindAsync(id, cancellationToken) is not { } webhook)
        {
            return false;
        }

        await store.AddDeliveryAsync(id, WebhookNews.Test, WebhookNews.Body(WebhookNews.Test, now, new { webhook = webhook.Name }), now, cancellationToken);
        await session.CommitAsync();
        return true;
    }
}
