using SharpFuzz;
using TransportGateway.Fuzz;

// fuzz.sh starts this under afl-fuzz with the name of a target. With files after the name it runs them once each: to see a finding again.
if (args is not [var name, .. var files] || !Targets.All.TryGetValue(name, out var target))
{
    Console.Error.WriteLine($"usage: TransportGateway.Fuzz {{{string.Join('|', Targets.All.Keys)}}} [file...]");
    return 2;
}

if (files.Length == 0)
{
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using var input = new MemoryStream();
        stream.CopyTo(input);
        target(input.ToArray());
    });
    return 0;
}

foreach (var file in files)
{
    target(File.ReadAllBytes(file));
    Console.WriteLine($"{name}: {file} is read without an exception");
}

return 0;
