using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

/// <summary>Says how a command ended: the product's page when it went well, the reason when it did not.</summary>
internal static class Outcome
{
    public static int Write(SimulatedProduct product, ProductResult result, InvocationConfiguration console)
    {
        if (result is ProductResult.Accepted)
        {
            ProductDisplay.WriteProduct(console.Output, product.Product, product.State);
        }
        else
        {
            console.Error.WriteLine($"{product.Product.Name}: {result.Display}");
        }

        return ExitCode.Of(result);
    }
}
