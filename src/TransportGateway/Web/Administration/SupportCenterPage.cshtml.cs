using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Support;

namespace TransportGateway.Web.Administration;

/// <summary>Health checks, and the bundle for somebody who helps (ssm-on-prem 1.11).</summary>
internal sealed class SupportCenterPage(HealthChecks checks, SupportBundle bundle, TimeProvider clock) : GatewayPage
{
    public IReadOnlyList<HealthChecks.Check> Checks { get; private set; } = [];

    [Needs(Permission.ReadMetrics, WholeGateway = true)]
    public async Task<IActionResult> OnGetAsync()
    {
        Checks = await checks.RunAsync(Aborted);
        return Page();
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnGetBundleAsync() => File(await bundle.MakeAsync(Aborted), "application/zip", SupportFeature.FileName(clock.GetUtcNow()));
}
