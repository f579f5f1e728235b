using TransportGateway.Cluster.Tests.Lab;

// The tests run under dotnet test; started by itself this program brings a cluster up to look at.
await using var cluster = await LabCluster.CreateAsync();
Console.WriteLine($"Machines are on in {cluster.Folder}.");
if (args.Contains("--deploy"))
{
    foreach (var node in new[] { cluster.Primary, cluster.Secondary })
    {
        await node.RunAsync("systemctl", "start", "transport-gateway");
    }

    await cluster.DeployAsync();
    Console.WriteLine("Deployed.");
}

foreach (var node in new[] { cluster.Primary, cluster.Secondary, cluster.Witness })
{
    Console.WriteLine($"{node.Name}: {string.Join(' ', node.Command("bash").ArgumentList.Prepend("nsenter"))}");
}

Console.WriteLine("Enter ends it.");
Console.ReadLine();
