using System.Reflection;
using DbUp.Builder;

namespace TransportGateway.Persistence;

/// <summary>The numbered scripts in Migrations/, one set for both engines, each applied once and in one transaction.</summary>
internal static class Migrations
{
    /// <exception cref="DatabaseUnusableException">A script failed; its transaction was rolled back.</exception>
    public static void Apply(UpgradeEngineBuilder builder)
    {
        var result = builder
            .WithScriptsEmbeddedInAssembly(Assembly.GetExecutingAssembly(), name => name.StartsWith("Migrations/", StringComparison.Ordinal))
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .LogToNowhere()
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
        {
            throw new DatabaseUnusableException(
                $"The database schema could not be brought up to date: {result.ErrorScript?.Name} failed: {result.Error.Message}. Nothing of that script was kept.",
                result.Error);
        }
    }
}
