using TransportGateway.Access;

namespace TransportGateway.Web;

/// <summary>What a page's handler needs. A handler that says nothing does not start, see <see cref="WebFeature"/>.</summary>
internal abstract class AccessAttribute : Attribute;

/// <summary>The person has this permission somewhere; the handler's caller has only the places where they have it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsAttribute(Permission permission) : AccessAttribute
{
    public Permission Permission { get; } = permission;

    /// <summary>The handler is about the whole gateway: who has the permission in single accounts alone does not find it.</summary>
    public bool WholeGateway { get; set; }
}

/// <summary>Anybody who is signed in: the person's own affairs.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OwnAffairsAttribute : AccessAttribute
{
    /// <summary>Also for a person who has to change the password, or set up a second factor, before anything else.</summary>
    public bool BeforeAnythingElse { get; set; }
}

/// <summary>The handler takes a form longer than others are, with a file in it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongFormAttribute(long mostBytes) : Attribute
{
    public long MostBytes { get; } = mostBytes;
}

/// <summary>Nobody has to be signed in, for the reason given.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OpenToAllAttribute(string reason) : AccessAttribute
{
    public string Reason { get; } = reason;
}
