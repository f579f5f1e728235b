using System.Globalization;
using TransportGateway.Cluster.Tests;
using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Cluster.Tests.Load;

// The tests run under dotnet test. By itself this program runs the matrix of faults, or brings a cluster up to look at:
//   matrix [RUNS [FAULT...]]    lab [--deploy]
// With TG_TEST_PACKAGE=transport-gateway_VERSION_amd64.deb the machines get that package instead of this build.
if (args is ["matrix", ..])
{
    var runs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
    return await MatrixCommand.RunAsync(runs, args.Length > 2 ? [.. args.Skip(2).Select(Fault.Find)] : Fault.All, Console.Out);
}

await using var cluster = await LabCluster.CreateAsync();
if (args.Contains("--deploy"))
{
    await cluster.StartGatewaysAsync();

    await cluster.DeployAsync();
}

foreach (var node in new[] { cluster.Primary, cluster.Secondary, cluster.Witness })
{
    Console.WriteLine($"{node.Name}: {string.Join(' ', node.Command("bash").ArgumentList.Prepend("nsenter"))}");
}

Console.WriteLine($"Machines are on in {cluster.Folder}. Enter ends it.");
Console.ReadLine();
return 0;
