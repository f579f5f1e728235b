using TransportGateway.Cli;

return await Tgctl.RunAsync(args, Console.Out, Console.Error);
