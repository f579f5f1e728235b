namespace TransportGateway.Simulators;

/// <summary>What an agent does on its own when the time has come.</summary>
public enum AgentTask
{
    Wait,

    /// <summary>Send what got no answer again.</summary>
    Retry,

    /// <summary>Report the licences in use: 30 days after the last time, 12 hours when out of compliance.</summary>
    Authorize,

    /// <summary>180 days after registration or the last renewal.</summary>
    RenewIdCertificate,

    /// <summary>The communication deadline has passed without an answer: 90 days after the last one.</summary>
    ExpireAuthorization,

    /// <summary>The ID certificate has ended, and an hour of grace with it.</summary>
    ExpireRegistration,
}

/// <summary>One turn of the agent: what it did, in a sentence, and when the next one is due.</summary>
public sealed record AgentStep(AgentTask Task, string Sentence, ProductResult? Result, DateTimeOffset? NextDue);

internal static class AgentSchedule
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    /// <summary>The earliest task of this state, or null when the product waits for its operator.</summary>
    public static (AgentTask Task, DateTimeOffset Due)? Next(ProductState state)
    {
        var tasks = new List<(AgentTask Task, DateTimeOffset Due)>();
        if (state.Pending is { } pending)
        {
            tasks.Add((AgentTask.Retry, pending.NextAttempt ?? DateTimeOffset.MinValue));
        }

        if (state.IsRegistered)
        {
            tasks.Add((AgentTask.ExpireRegistration, state.RegistrationExpiresAt!.Value + Grace));
            if (state.Authorization is not (AuthorizationStatus.None or AuthorizationStatus.Expired))
            {
                tasks.Add((AgentTask.ExpireAuthorization, state.CommunicationDeadline!.Value));
            }

            // One message at a time: what waits to be sent again goes first.
            if (state.Pending is null)
            {
                tasks.Add((AgentTask.RenewIdCertificate, state.RenewAt!.Value));
                tasks.Add((AgentTask.Authorize, state.NextCommunication ?? DateTimeOffset.MinValue));
            }
        }

        return tasks.Count == 0 ? null : tasks.MinBy(task => task.Due);
    }
}
