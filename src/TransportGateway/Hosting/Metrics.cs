using System.Data.Common;
using System.Globalization;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Authority;
using TransportGateway.Cluster;
using TransportGateway.DeviceGateway;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Upstream;

namespace TransportGateway.Hosting;

/// <summary>What a monitoring system collects: the process, products' messages, and how accounts stand.</summary>
internal static class Metrics
{
    private const string Prefix = "transport_gateway_";

    public static void MapMetrics(this IEndpointRouteBuilder routes) => routes.MapGet("/metrics", ShowAsync).Requires(Permission.ReadMetrics, wholeGateway: true).AlsoOnStandby();

    private static async Task<IResult> ShowAsync(
        HttpContext context, Database database, NodeRole role, Uptime uptime, MessageFigures messages, HostCertificate host, CertificateAuthority authority, ListLicenses licenses)
    {
        var text = new PrometheusText();
        Gauge(text, "active", "1 on the node that serves, 0 on a standby.", role.IsActive ? 1 : 0);
        Gauge(text, "uptime_seconds", "How long the process has been up.", uptime.Value.TotalSeconds);
        Gauge(text, "resident_memory_bytes", "Memory of the process.", Environment.WorkingSet);
        Gauge(text, "host_certificate_expiry_timestamp_seconds", "When the certificate that products get ends.", Seconds(new DateTimeOffset(host.Certificate.NotAfter)));
        Gauge(text, "signing_certificate_expiry_timestamp_seconds", "When the certificate that signs answers ends.", Seconds(new DateTimeOffset(authority.CurrentSigner.Certificate.NotAfter)));
        Messages(text, messages);
        try
        {
            await AccountsAsync(text, database, licenses, context.RequestAborted);
        }
        catch (DbException)
        {
            // As on a node whose cluster is stopped: that it is not active is what somebody who watches has to know.
        }

        return Results.Text(text.ToString(), PrometheusText.ContentType);
    }

    private static void Messages(PrometheusText text, MessageFigures messages)
    {
        const string Name = Prefix + "product_message_duration_seconds";
        text.Family(Name, "histogram", "Messages of products that were answered, and how long that took.");
        foreach (var (kind, figure) in messages.All.OrderBy(entry => entry.Kind.ToString(), StringComparer.Ordinal))
        {
            (string, string)[] labels = [("transport", kind.Transport), ("type", kind.RequestType), ("status", kind.Status)];
            var (count, seconds, classes) = figure.Read();
            for (var at = 0; at < classes.Length; at++)
            {
                text.Sample(Name + "_bucket", classes[at], [.. labels, ("le", MessageFigures.Bounds[at].ToString(CultureInfo.InvariantCulture))]);
            }

            text.Sample(Name + "_bucket", count, [.. labels, ("le", "+Inf")]).Sample(Name + "_sum", seconds, labels).Sample(Name + "_count", count, labels);
        }
    }

    private static async Task AccountsAsync(PrometheusText text, Database database, ListLicenses licenses, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        text.Family(Prefix + "alerts", "gauge", "Open alerts.");
        var alerts = await new Alerts(session).ListOpenAsync(null, cancellationToken);
        foreach (var severity in new[] { AlertSeverity.Major, AlertSeverity.Minor })
        {
            text.Sample(Prefix + "alerts", alerts.Count(alert => alert.Severity == severity), ("severity", severity));
        }

        var accounts = (await new LocalAccounts(session).ListAsync(cancellationToken)).Where(account => !AccountStatus.IsRequest(account.Status)).ToArray();
        text.Family(Prefix + "last_synchronization_timestamp_seconds", "gauge", "When the account last synchronised with success.");
        var states = (await new Synchronizations(session).ListAsync(cancellationToken)).ToDictionary(state => state.AccountId, StringComparer.Ordinal);
        foreach (var account in accounts)
        {
            if (states.GetValueOrDefault(account.Id)?.LastSuccessAt is { } last)
            {
                text.Sample(Prefix + "last_synchronization_timestamp_seconds", Seconds(last), ("account", account.Name));
            }
        }

        var instances = new List<(double, (string, string)[])>();
        var table = new List<(ListLicenses.License License, (string, string)[] Labels)>();
        foreach (var account in accounts)
        {
            foreach (var virtualAccount in await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken))
            {
                (string, string)[] labels = [("account", account.Name), ("virtual_account", virtualAccount.Name)];
                instances.Add((await new ProductInstances(session).CountAsync(null, virtualAccount.Id, cancellationToken), [.. labels, ("registered", "here")]));
                instances.Add((await new RelayedInstances(session).CountAsync(null, virtualAccount.Id, cancellationToken), [.. labels, ("registered", "upstream")]));
                table.AddRange((await licenses.ExecuteAsync(account.Id, virtualAccount.Id, cancellationToken))
                    .Select(license => (license, ((string, string)[])[.. labels, ("license", license.Name.DisplayName), ("tag", license.Tag)])));
            }
        }

        text.Family(Prefix + "product_instances", "gauge", "Registered product instances.");
        instances.ForEach(sample => text.Sample(Prefix + "product_instances", sample.Item1, sample.Item2));
        foreach (var (name, help, value) in new (string, string, Func<LicenseBalance, long>)[]
        {
            ("licenses_purchased", "Licences that Cisco granted.", balance => balance.Purchased),
            ("licenses_in_use", "Licences that products use.", balance => balance.InUse),
            ("licenses_balance", "Licences that are left; negative when short.", balance => balance.Balance),
        })
        {
            text.Family(Prefix + name, "gauge", help);
            table.ForEach(row => text.Sample(Prefix + name, value(row.License.Balance), row.Labels));
        }
    }

    private static void Gauge(PrometheusText text, string name, string help, double value) => text.Family(Prefix + name, "gauge", help).Sample(Prefix + name, value);

    private static double Seconds(DateTimeOffset instant) => instant.ToUnixTimeMilliseconds() / 1000.0;
}
