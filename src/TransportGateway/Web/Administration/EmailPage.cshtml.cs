using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Notifications;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Over which server mails go out, who is told of the whole gateway, and what became of the last mails (ssm-on-prem 1.4).</summary>
internal sealed class EmailPage(ChangeMail change, Database database, MasterKey masterKey) : GatewayPage
{
    private const string Here = "/administration/settings/email";
    private const int MailsShown = 50;

    public MailSettings Mail { get; private set; } = new();

    public IReadOnlyList<MailRow> Outbox { get; private set; } = [];

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnGetAsync()
    {
        await LoadAsync();
        return Page();
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostSaveAsync(ChangeEmailForm form)
    {
        await LoadAsync();
        if (!Ports.TryRead(form.Port, out var port))
        {
            return Refuse(T["The port is a number from 1 to 65535."]);
        }

        var (settings, problems) = await change.ExecuteAsync(
            new ChangeMail.Request(
                Caller,
                form.Server?.Trim() ?? "",
                port,
                form.Security,
                form.TlsAnchors?.Trim() ?? "",
                form.Sender?.Trim() ?? "",
                form.User?.Trim() ?? "",
                string.IsNullOrEmpty(form.Password) ? null : new Secret(form.Password),
                Lines.Of(form.Recipients),
                form.AllAlerts,
                form.Language),
            Aborted);
        Mail = settings;
        return problems.Count > 0 ? Refuse(string.Join('\n', problems)) : Done(T["The e-mail settings were saved."], Here);
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostTestAsync(string? recipient)
    {
        await LoadAsync();
        return await change.TestAsync(recipient?.Trim(), Aborted) switch
        {
            ChangeMail.TestOutcome.Sent(var recipients, var answer) => Done(T["A test was sent to {0}. The server said: {1}", string.Join(", ", recipients), answer], Here),
            ChangeMail.TestOutcome.NotPossible(var reason) => Refuse(reason),
            ChangeMail.TestOutcome.Failed(var reason) => Refuse(reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private async Task LoadAsync()
    {
        await using var session = await database.ReadAsync(Aborted);
        Mail = await MailSettings.LoadAsync(session, masterKey, Aborted);
        Outbox = await new Mails(session).ListAsync(MailsShown, Aborted);
    }

    internal sealed class ChangeEmailForm
    {
        public string? Server { get; set; }

        public string? Port { get; set; }

        public string? Security { get; set; }

        public string? TlsAnchors { get; set; }

        public string? Sender { get; set; }

        public string? User { get; set; }

        public string? Password { get; set; }

        public string? Recipients { get; set; }

        public bool AllAlerts { get; set; }

        public string? Language { get; set; }
    }
}
