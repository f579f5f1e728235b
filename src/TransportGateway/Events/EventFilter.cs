using TransportGateway.Persistence;

namespace TransportGateway.Events;

/// <summary>Which entries of the event log are meant. What is left out narrows nothing.</summary>
internal sealed record EventFilter
{
    public static EventFilter All { get; } = new();

    /// <summary>The accounts whose entries may be seen; null for all, and for what is about none.</summary>
    public IReadOnlyCollection<string>? AccountIds { get; init; }

    /// <summary>Single virtual accounts of other accounts, whose entries may be seen besides.</summary>
    public IReadOnlyCollection<string> VirtualAccountIds { get; init; } = [];

    public string? AccountId { get; init; }

    /// <summary>Also what came from there.</summary>
    public string? VirtualAccountId { get; init; }

    public string? InstanceId { get; init; }

    /// <summary>The entitlement tag of a licence.</summary>
    public string? License { get; init; }

    /// <summary>Null for all.</summary>
    public IReadOnlyCollection<string>? Kinds { get; init; }

    public string Severity { get; init; } = "";

    /// <summary>A part of the name of who did it.</summary>
    public string Actor { get; init; } = "";

    /// <summary>Searched in message, actor and kind.</summary>
    public string Text { get; init; } = "";

    public DateTimeOffset? From { get; init; }

    /// <summary>The first instant that is not meant any more.</summary>
    public DateTimeOffset? Before { get; init; }

    public static EventFilter OfKind(string? kind) => kind is null ? All : new EventFilter { Kinds = [kind] };

    /// <summary>For the WHERE of a statement over <c>events</c>; its parameters are those of <see cref="Parameters"/>.</summary>
    public string Condition(Dialect dialect) => string.Join(" AND ", Conditions(dialect).DefaultIfEmpty("TRUE"));

    public Dictionary<string, object?> Parameters() => new(StringComparer.Ordinal)
    {
        ["AccountIds"] = AccountIds?.ToArray() ?? [],
        ["VirtualAccountIds"] = VirtualAccountIds.ToArray(),
        ["AccountId"] = AccountId,
        ["VirtualAccountId"] = VirtualAccountId,
        ["InstanceId"] = InstanceId,
        ["License"] = License,
        ["Kinds"] = Kinds?.ToArray() ?? [],
        ["Severity"] = Severity,
        ["Actor"] = Dialect.Containing(Actor),
        ["Text"] = Dialect.Containing(Text),
        ["From"] = From,
        ["Before"] = Before,
    };

    private IEnumerable<string> Conditions(Dialect dialect)
    {
        if (AccountIds is not null)
        {
            yield return VirtualAccountIds.Count == 0
                ? dialect.AnyOf("account_id", "@AccountIds")
                : $"({dialect.AnyOf("account_id", "@AccountIds")} OR {dialect.AnyOf("virtual_account_id", "@VirtualAccountIds")} OR {dialect.AnyOf("former_virtual_account_id", "@VirtualAccountIds")})";
        }

        foreach (var (isMeant, condition) in new[]
        {
            (AccountId is not null, "account_id = @AccountId"),
            (VirtualAccountId is not null, "(virtual_account_id = @VirtualAccountId OR former_virtual_account_id = @VirtualAccountId)"),
            (InstanceId is not null, "instance_id = @InstanceId"),
            (License is not null, "id IN (SELECT event_id FROM event_licenses WHERE tag = @License)"),
            (Kinds is not null, dialect.AnyOf("kind", "@Kinds")),
            (Severity.Length > 0, "severity = @Severity"),
            (Actor.Length > 0, "lower(actor) LIKE @Actor ESCAPE '!'"),
            (Text.Length > 0, "(lower(message) LIKE @Text ESCAPE '!' OR lower(actor) LIKE @Text ESCAPE '!' OR kind LIKE @Text ESCAPE '!')"),
            (From is not null, "occurred_at >= @From"),
            (Before is not null, "occurred_at < @Before"),
        })
        {
            if (isMeant)
            {
                yield return condition;
            }
        }
    }
}
