using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Webhooks;

namespace TransportGateway.Web.Administration;

/// <summary>What the gateway tells and to whom: the message of the day, and webhooks. Syslog and e-mail have pages of their own (ssm-on-prem 1.4).</summary>
internal sealed class SettingsPage(ChangeMessageOfTheDay changeMessage, ChangeWebhooks changeWebhooks, Database database) : GatewayPage
{
    private const string Here = "/administration/settings";
    private const string WebhooksTab = "webhooks";
    private const int DeliveriesShown = 20;

    /// <summary>Empty for the message of the day.</summary>
    public string Tab { get; private set; } = "";

    /// <summary>The message that was to be saved; null when there was none.</summary>
    public string? Text { get; private set; }

    /// <summary>The webhook that was to be made.</summary>
    public Fields Entered { get; private set; } = new();

    public IReadOnlyList<(WebhookRow Webhook, IReadOnlyList<DeliveryRow> Deliveries)> Webhooks { get; private set; } = [];

    /// <summary>The one that was just made, with its secret, this once.</summary>
    public ChangeWebhooks.Outcome.Created? Created { get; private set; }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnGetAsync(string? tab)
    {
        if (tab is not (null or "" or WebhooksTab))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync(tab ?? "");
        return Page();
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostMessageAsync(string? text)
    {
        Text = text;
        return await changeMessage.ExecuteAsync(Caller, text ?? "", Aborted) is { } problem ? Refuse(problem) : Done(T["The message of the day was saved."], Here);
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostCreateAsync(Fields fields)
    {
        var outcome = await changeWebhooks.CreateAsync(Caller, fields.Name ?? "", fields.Address?.Trim() ?? "", fields.Anchors ?? "", Aborted);
        await LoadAsync(WebhooksTab);
        Created = outcome as ChangeWebhooks.Outcome.Created;
        if (outcome is ChangeWebhooks.Outcome.Invalid(var reason))
        {
            Entered = fields;
            return Refuse(reason);
        }

        return Page();
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostTestAsync(string? id) =>
        Done(await changeWebhooks.TestAsync(id ?? "", Aborted) ? T["A test is on its way. The list shows what comes of it."] : T["That webhook is gone already."], Here + "/" + WebhooksTab);

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostRemoveAsync(string? id) =>
        Done(await changeWebhooks.RemoveAsync(Caller, id ?? "", Aborted) ? T["The webhook was removed."] : T["That webhook is gone already."], Here + "/" + WebhooksTab);

    private async Task LoadAsync(string tab)
    {
        Tab = tab;
        if (tab == WebhooksTab)
        {
            var found = new List<(WebhookRow, IReadOnlyList<DeliveryRow>)>();
            await using var session = await database.ReadAsync(Aborted);
            var store = new WebhookStore(session);
            foreach (var webhook in await store.ListAsync(Aborted))
            {
                found.Add((webhook, await store.ListDeliveriesAsync(webhook.Id, DeliveriesShown, Aborted)));
            }

            Webhooks = found;
        }
    }

    /// <param name="Anchors">Roots that the address's certificate must chain to, PEM.</param>
    internal sealed record Fields(string? Name = null, string? Address = null, string? Anchors = null);
}
