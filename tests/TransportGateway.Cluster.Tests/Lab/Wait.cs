namespace TransportGateway.Cluster.Tests.Lab;

internal static class Wait
{
    /// <summary>Until something is so; what waits in vain fails, and tells what it saw last.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan patience, Func<Task<string>>? otherwise = null)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                throw new InvalidOperationException($"Waited {patience.TotalSeconds:0} s in vain: {what}. {(otherwise is null ? "" : await otherwise())}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }
}
