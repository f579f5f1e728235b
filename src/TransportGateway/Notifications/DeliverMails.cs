using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Webhooks;

namespace TransportGateway.Notifications;

/// <summary>Sends what is in the outbox, with the patience of webhooks: until the server takes it or a day and a half is over.</summary>
internal sealed class DeliverMails(Database database, MasterKey masterKey, TimeProvider clock) : IJob
{
    private const int MostAtOnce = 50;

    public string Name => "mails";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        MailSettings settings;
        IReadOnlyList<MailRow> due;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
            due = settings.Server is null ? [] : await new Mails(session).DueAsync(clock.GetUtcNow(), MostAtOnce, cancellationToken);
        }

        if (due.Count > 0)
        {
            await SendAsync(settings, due, cancellationToken);
        }
    }

    /// <remarks>Apart from the above, so that a gateway which sends no mails never loads what mails take.</remarks>
    private async Task SendAsync(MailSettings settings, IReadOnlyList<MailRow> due, CancellationToken cancellationToken)
    {
        MailServer? server = null;
        var attempted = 0;
        try
        {
            foreach (var mail in due)
            {
                // A mail over which the connection broke does not take those behind it along.
                if (server is not { IsConnected: true })
                {
                    server?.Dispose();
                    server = await MailServer.ConnectAsync(settings, clock, cancellationToken);
                }

                var (verdict, answer) = await server.SendAsync(mail, cancellationToken);
                await AttemptedAsync([mail], verdict, answer, cancellationToken);
                attempted++;
            }
        }
        catch (MailServerException exception)
        {
            await AttemptedAsync(due.Skip(attempted), MailServer.Verdict.Later, exception.Message, cancellationToken);
        }
        finally
        {
            server?.Dispose();
        }
    }

    private async Task AttemptedAsync(IEnumerable<MailRow> mails, MailServer.Verdict verdict, string answer, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        foreach (var mail in mails)
        {
            var isOver = verdict != MailServer.Verdict.Later || mail.Attempts >= DeliverWebhooks.Pauses.Count;
            await new Mails(session).AttemptedAsync(
                mail.Id,
                verdict == MailServer.Verdict.Taken ? DeliveryState.Delivered : isOver ? DeliveryState.GivenUp : DeliveryState.Waiting,
                isOver ? now : now + DeliverWebhooks.Pauses[(int)mail.Attempts],
                answer,
                cancellationToken);
            if (isOver && verdict != MailServer.Verdict.Taken)
            {
                await new EventLog(session).AppendAsync(
                    new LoggedEvent(EventKinds.EmailGivenUp, Severity.Error, "gateway", $"The mail '{mail.Subject}' was not delivered to {mail.Recipient}, after {mail.Attempts + 1} attempt(s): {answer}"), now, cancellationToken);
            }
        }

        await session.CommitAsync();
    }
}
