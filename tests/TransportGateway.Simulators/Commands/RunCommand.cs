using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

internal static class RunCommand
{
    /// <summary>What a timer can hold.</summary>
    private const int LongestDays = 40;

    public static Command Create(TimeProvider clock)
    {
        var command = new Command(
            "run",
            "Lives as a product on a clock that can be sped up: renews, reports and retries when its time has come, and says so.");
        var options = new ProductOptions(command);
        var token = new Option<string?>("--token") { Description = "Registers with this token first, if the product is not registered." };
        var speed = new Option<int>("--speed")
        {
            Description = "Product seconds in one second; 86400 makes a day of every second. Message timestamps stay true.",
            DefaultValueFactory = _ => 1,
        };
        var days = new Option<double?>("--days") { Description = "Stops after so many product days. [default: runs until stopped]" };
        speed.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 100_000_000)
            {
                result.AddError("--speed goes from 1 to 100000000.");
            }
        });
        days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is not (null or (> 0 and <= 36_500)))
            {
                result.AddError("--days goes up to 36500.");
            }
        });
        command.Options.Add(token);
        command.Options.Add(speed);
        command.Options.Add(days);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var definition = options.Definition(parsed);
            using var gateway = options.Gateway(parsed);
            var factor = parsed.GetValue(speed);
            if (parsed.GetValue(days) / factor > LongestDays)
            {
                throw new UsageException($"At this speed that would take more than {LongestDays} real days; give a higher --speed.");
            }

            var now = clock.GetUtcNow();
            ProductState last;
            using (var asleep = options.Open(parsed, gateway, definition, clock, wireClock: null))
            {
                last = asleep.State;
            }

            // The product's days go on where they were, ahead of ours if it lived faster before.
            var life = new SpedUpClock(clock, factor, last.SavedAt > now ? last.SavedAt.Value : now);
            using var product = options.Open(parsed, gateway, definition, life, wireClock: clock);
            var console = parsed.InvocationConfiguration;
            if (!product.State.IsRegistered && product.State.Pending is null)
            {
                if (parsed.GetValue(token) is not { } text)
                {
                    throw new UsageException($"{definition.Name} is not registered; give --token, or register it first.");
                }

                var result = await product.RegisterAsync(text, cancellationToken: cancellationToken);
                if (result is not ProductResult.Accepted)
                {
                    return Outcome.Write(product, result, console);
                }
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using var timer = parsed.GetValue(days) is { } bound
                ? life.CreateTimer(_ => end.Cancel(), state: null, TimeSpan.FromDays(bound), Timeout.InfiniteTimeSpan)
                : null;
            try
            {
                await product.RunAsync(step => console.Output.WriteLine($"{life.GetUtcNow():u}  {step.Sentence}"), end.Token);
            }
            catch (OperationCanceledException)
            {
                // Stopped, by its bound or by the user: a life has no other end.
            }

            console.Output.WriteLine();
            ProductDisplay.WriteProduct(console.Output, definition, product.State);
            return product.State.IsRegistered ? ExitCode.Accepted : ExitCode.Refused;
        });
        return command;
    }
}
