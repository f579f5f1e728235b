using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Changes what the gateway asks of passwords, and when it locks users and ends sessions.</summary>
internal sealed class ChangeAccessRules(Database database, TimeProvider clock)
{
    /// <returns>What is wrong with them, each a sentence; nothing changed then.</returns>
    public async Task<IReadOnlyList<string>> ExecuteAsync(Caller by, AccessRules rules, CancellationToken cancellationToken)
    {
        if (rules.Problems() is { Count: > 0 } problems)
        {
            return problems;
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        await rules.SaveAsync(session, by.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.AccessRulesChanged,
                Severity.Info,
                by.Name,
                $"Sign-in rules: locked after {rules.LockAfterFailures} failures for {rules.LockMinutes} min, signed out after {rules.IdleMinutes} min, passwords of {rules.PasswordCharacters} characters."),
            now,
            cancellationToken);
        await session.CommitAsync();
        return [];
    }
}
