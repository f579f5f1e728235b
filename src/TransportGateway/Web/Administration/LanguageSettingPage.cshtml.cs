using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;

namespace TransportGateway.Web.Administration;

/// <summary>The language of the pages for whoever has not chosen one (ssm-on-prem 1.3).</summary>
internal sealed class LanguageSettingPage(ChangeLanguage change) : GatewayPage
{
    public string Language { get; private set; } = "";

    [Needs(Permission.ManageSettings)]
    public async Task OnGetAsync() => Language = await change.ReadAsync(Aborted);

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostAsync(string? language)
    {
        Language = language ?? "";
        return await change.ExecuteAsync(Caller, Language, Aborted) is { } problem ? Refuse(T[problem]) : Done(T["The language was saved."], "/administration/settings/language");
    }
}
