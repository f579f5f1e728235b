using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Notifications;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Where the event log is forwarded to, and whether it gets there (ssm-on-prem 1.4).</summary>
internal sealed class SyslogPage(ChangeSyslog change, Database database) : GatewayPage
{
    private const string Here = "/administration/settings/syslog";

    public SyslogSettings Syslog { get; private set; } = new();

    /// <summary>Null while nothing is forwarded.</summary>
    public EventFollowerRow? State { get; private set; }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnGetAsync()
    {
        await LoadAsync();
        return Page();
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostSaveAsync(ChangeSyslogForm form)
    {
        await LoadAsync();
        if (!Ports.TryRead(form.Port, out var port))
        {
            return Refuse(T["The port is a number from 1 to 65535."]);
        }

        var (settings, problems) = await change.ExecuteAsync(
            new ChangeSyslog.Request(
                Caller,
                form.Server?.Trim() ?? "",
                port,
                form.Transport,
                form.TlsAnchors?.Trim() ?? "",
                form.LeastSeverity,
                form.Facility,
                (form.LeaveOut ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)),
            Aborted);
        Syslog = settings;
        return problems.Count > 0 ? Refuse(string.Join('\n', problems)) : Done(T["The syslog settings were saved."], Here);
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostTestAsync()
    {
        await LoadAsync();
        try
        {
            return !await change.TestAsync(Caller, Aborted) ? Refuse(T["Save a server first."])
                : Done(T[Syslog.Transport == SyslogSettings.Udp ? "A test was sent. UDP does not tell whether it arrived: look for it at the server." : "The server took the test."], Here);
        }
        catch (SyslogUnreachableException exception)
        {
            return Refuse(exception.Message);
        }
    }

    private async Task LoadAsync()
    {
        await using var session = await database.ReadAsync(Aborted);
        Syslog = await SyslogSettings.LoadAsync(session, Aborted);
        State = await new EventFollowers(session).FindAsync(ForwardToSyslog.Follower, Aborted);
    }

    internal sealed class ChangeSyslogForm
    {
        public string? Server { get; set; }

        public string? Port { get; set; }

        public string? Transport { get; set; }

        public string? TlsAnchors { get; set; }

        public string? LeastSeverity { get; set; }

        public string? Facility { get; set; }

        public string? LeaveOut { get; set; }
    }
}
