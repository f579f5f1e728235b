using TransportGateway.Simulators.Commands;

return await TgSim.RunAsync(args, Console.Out, Console.Error, TimeProvider.System);
