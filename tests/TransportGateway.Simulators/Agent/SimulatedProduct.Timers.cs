namespace TransportGateway.Simulators;

/// <summary>What the product does on its own.</summary>
public sealed partial class SimulatedProduct
{
    /// <summary>The longest single wait, well below what a timer can hold.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>Does the one thing that is due, if any, and says what it did.</summary>
    public Task<AgentStep> TickAsync(CancellationToken cancellationToken = default) =>
        InTurnAsync(() => TickInTurnAsync(cancellationToken), cancellationToken);

    /// <summary>Lives until cancelled, on the product's clock.</summary>
    public async Task RunAsync(Action<AgentStep>? report = null, CancellationToken cancellationToken = default)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            // Taken before the look at the state, so that no change is missed between look and wait.
            var changed = Volatile.Read(ref stateChanged).Task;
            var step = await TickAsync(cancellationToken);
            if (step.Task != AgentTask.Wait)
            {
                report?.Invoke(step);
                continue;
            }

            var wait = step.NextDue - options.Clock.GetUtcNow() ?? LongestWait;
            if (wait > TimeSpan.Zero)
            {
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(changed, Task.Delay(wait < LongestWait ? wait : LongestWait, options.Clock, waiting.Token));
                await waiting.CancelAsync();
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<AgentStep> TickInTurnAsync(CancellationToken cancellationToken)
    {
        if (AgentSchedule.Next(State) is not { } next)
        {
            return new AgentStep(AgentTask.Wait, "The product waits to be registered.", Result: null, NextDue: null);
        }

        if (next.Due > options.Clock.GetUtcNow())
        {
            return new AgentStep(AgentTask.Wait, $"The product waits until {next.Due:u} to {Words(next.Task)}.", Result: null, next.Due);
        }

        ProductResult? result = null;
        switch (next.Task)
        {
            case AgentTask.Retry:
                result = await AskInTurnAsync(State.Pending!.Request, cancellationToken);
                break;
            case AgentTask.Authorize:
                result = await AskInTurnAsync(new ProductRequest.Authorize(), cancellationToken);
                break;
            case AgentTask.RenewIdCertificate:
                result = await AskInTurnAsync(new ProductRequest.RenewIdCertificate(), cancellationToken);
                break;
            case AgentTask.ExpireAuthorization:
                Keep(State with { Authorization = AuthorizationStatus.Expired });
                break;
            case AgentTask.ExpireRegistration:
                Keep(State.Forgotten("The registration expired; register the product again."));
                break;
        }

        var sentence = result is null ? $"The time came to {Words(next.Task)}." : $"The time came to {Words(next.Task)}: {result.Display}.";
        return new AgentStep(next.Task, sentence, result, AgentSchedule.Next(State)?.Due);
    }

    private static string Words(AgentTask task) => task switch
    {
        AgentTask.Retry => "send the last message again",
        AgentTask.Authorize => "report the licences in use",
        AgentTask.RenewIdCertificate => "renew the ID certificate",
        AgentTask.ExpireAuthorization => "let the authorization expire",
        AgentTask.ExpireRegistration => "let the registration expire",
        _ => "wait",
    };
}
