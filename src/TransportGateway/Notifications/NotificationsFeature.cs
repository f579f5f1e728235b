using TransportGateway.Jobs;
using TransportGateway.Webhooks;

namespace TransportGateway.Notifications;

/// <summary>Who is told of what, by syslog and by e-mail.</summary>
internal static class NotificationsFeature
{
    public static IServiceCollection AddNotifications(this IServiceCollection services) => services
        .AddSingleton<ChangeSyslog>()
        .AddSingleton<ChangeMail>()
        .AddSingleton<ChangePreferences>()
        .AddSingleton<INewsListener, MailNews>()
        .AddSingleton<IJob, ForwardToSyslog>()
        .AddSingleton<IJob, TellAccountRequests>()
        .AddSingleton<IJob, SendDigests>()
        .AddSingleton<IJob, DeliverMails>();

    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        routes.MapSyslog();
        routes.MapMail();
        routes.MapPreferences();
    }
}
