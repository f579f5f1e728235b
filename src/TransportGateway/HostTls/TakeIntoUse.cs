using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>The first run: the set-up code buys the first administrator, a person or a program, and the gateway gets the name that products dial.</summary>
internal sealed class TakeIntoUse(SetUpGateway setUp, ChangeHostName changeHostName, HostTlsOptions options)
{
    /// <param name="Person">Who becomes system administrator; null for an API client that may do everything.</param>
    /// <param name="HostName">Null leaves it as it is.</param>
    public sealed record Request(Secret Code, (string Name, Secret Password)? Person, string? HostName);

    public async Task<SetUpGateway.Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        // Looked at before the code is used up.
        if (request.HostName is not null && HostNames.CommonNameProblem(request.HostName, options.DualStack) is { } problem)
        {
            return new SetUpGateway.Outcome.Invalid(problem + ".");
        }

        var outcome = request.Person is var (name, password)
            ? await setUp.WithPersonAsync(request.Code, name, password, cancellationToken)
            : await setUp.WithClientAsync(request.Code, "administrator", cancellationToken);
        if (request.HostName is not null && outcome is SetUpGateway.Outcome.Person or SetUpGateway.Outcome.Client)
        {
            var by = outcome is SetUpGateway.Outcome.Person(var user) ? user.Name : "gateway";
            await changeHostName.ExecuteAsync(new ChangeHostName.Request(Caller.Local(by), request.HostName, null), cancellationToken);
        }

        return outcome;
    }
}
