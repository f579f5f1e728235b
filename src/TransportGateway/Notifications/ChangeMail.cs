using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Webhooks;

namespace TransportGateway.Notifications;

/// <summary>Says which server takes the gateway's mails and who gets them, and tries it.</summary>
internal sealed class ChangeMail(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <summary>What is null stays as it is; an empty server sends no mails any more.</summary>
    public sealed record Request(
        Caller By,
        string? Server = null,
        int? Port = null,
        string? Security = null,
        string? TlsAnchors = null,
        string? Sender = null,
        string? User = null,
        Secret? Password = null,
        IReadOnlyList<string>? Recipients = null,
        bool? AllAlerts = null,
        string? Language = null);

    public abstract record TestOutcome
    {
        /// <param name="Answer">What the server said.</param>
        public sealed record Sent(IReadOnlyList<string> Recipients, string Answer) : TestOutcome;

        /// <summary>There is no server, or nobody to send it to.</summary>
        public sealed record NotPossible(string Reason) : TestOutcome;

        public sealed record Failed(string Reason) : TestOutcome;

        private TestOutcome() { }
    }

    /// <returns>The settings, and what is wrong with them, each a sentence; nothing changed when there is something.</returns>
    public async Task<(MailSettings Settings, IReadOnlyList<string> Problems)> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        await using var session = await database.BeginAsync(cancellationToken);
        var before = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
        var after = before with
        {
            Server = request.Server is null ? before.Server : request.Server.Length == 0 ? null : request.Server,
            Port = request.Port ?? before.Port,
            Security = request.Security ?? before.Security,
            TlsAnchors = request.TlsAnchors ?? before.TlsAnchors,
            Sender = request.Sender ?? before.Sender,
            User = request.User ?? before.User,
            // Without a user there is nothing to keep a password for.
            Password = request.User is "" ? new Secret("") : request.Password ?? before.Password,
            Recipients = request.Recipients is null ? before.Recipients : [.. request.Recipients.Distinct(StringComparer.OrdinalIgnoreCase)],
            AllAlerts = request.AllAlerts ?? before.AllAlerts,
            Language = request.Language ?? before.Language,
        };
        // A password is for the place that it was given for: whoever may change the server must not learn it that way.
        if (after.Server is not null && after.Password.Value.Length > 0 && request.Password is null && (after.Server != before.Server || after.PortInUse != before.PortInUse))
        {
            problems.Add("password: give it again with another server or port.");
        }

        problems.AddRange(after.Problems());
        if (problems.Count > 0)
        {
            return (after, problems);
        }

        var now = clock.GetUtcNow();
        if (after.Server is null)
        {
            after = after with { User = "", Password = new Secret("") };
            await new EventFollowers(session).EndAsync(TellAccountRequests.Follower, cancellationToken);
            await new Mails(session).GiveUpAllAsync("E-mail was turned off.", cancellationToken);
        }
        else
        {
            await new EventFollowers(session).BeginAsync(TellAccountRequests.Follower, now, cancellationToken);
        }

        await after.SaveAsync(session, masterKey, request.By.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.EmailChanged,
                Severity.Info,
                request.By.Name,
                after.Server is null ? "The gateway sends no e-mail any more." : $"E-mail goes out over {after.Server}:{after.PortInUse} ({after.Security}); {after.Recipients.Count} recipient(s) are told of the gateway."),
            now,
            cancellationToken);
        await session.CommitAsync();
        return (after, []);
    }

    /// <summary>Sends a mail at once that says nothing but that it is a test.</summary>
    /// <param name="recipient">Null for those who are told of the gateway.</param>
    public async Task<TestOutcome> TestAsync(string? recipient, CancellationToken cancellationToken)
    {
        MailSettings settings;
        Letterhead head;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            settings = await MailSettings.LoadAsync(session, masterKey, cancellationToken);
            head = await Letterhead.LoadAsync(session, settings, cancellationToken);
        }

        IReadOnlyList<string> recipients = string.IsNullOrEmpty(recipient) ? settings.Recipients : [recipient];
        var problems = new List<string>();
        MailSettings.CheckAddresses("recipient", recipients, problems);
        if (settings.Server is null || recipients.Count == 0 || problems.Count > 0)
        {
            return new TestOutcome.NotPossible(
                settings.Server is null ? "This gateway sends no e-mail. Say how with: tgctl email set"
                : recipients.Count == 0 ? "Say to whom: nobody is told of the gateway yet."
                : string.Join(' ', problems));
        }

        var letter = head.Write("test", head.Texts["This is a test"], [head.Texts["This mail shows that the transport gateway can send e-mail."]], head.Texts["An administrator sent it under Settings, E-mail."]);
        try
        {
            using var server = await MailServer.ConnectAsync(settings, clock, cancellationToken);
            var answers = new List<string>();
            foreach (var address in recipients)
            {
                var (verdict, answer) = await server.SendAsync(Unstored(letter, address), cancellationToken);
                if (verdict != MailServer.Verdict.Taken)
                {
                    return new TestOutcome.Failed($"{settings.Server} does not take mail for {address}: {answer}");
                }

                answers.Add(answer);
            }

            return new TestOutcome.Sent(recipients, string.Join(' ', answers.Distinct(StringComparer.Ordinal)));
        }
        catch (MailServerException exception)
        {
            return new TestOutcome.Failed(exception.Message);
        }
    }

    private MailRow Unstored(Letter letter, string recipient)
    {
        var now = clock.GetUtcNow();
        return new MailRow
        {
            Id = Ids.New(now),
            Source = "",
            Kind = letter.Kind,
            Recipient = recipient,
            Subject = letter.Subject,
            Body = letter.Body,
            State = DeliveryState.Waiting,
            Attempts = 0,
            CreatedAt = now,
            NextAttemptAt = now,
            Outcome = "",
        };
    }
}
