using TransportGateway.Benchmarks;
using TransportGateway.Benchmarks.Floor;

if (args is ["floor", .. var floorArguments])
{
    await FloorServer.RunAsync(floorArguments, TimeProvider.System);
    return 0;
}

var (options, problem) = BenchmarkOptions.Read(args);
if (options is null)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(BenchmarkOptions.Help);
    return 2;
}

return await new Benchmark(options, TimeProvider.System).RunAsync();
