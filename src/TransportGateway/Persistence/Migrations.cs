using System.Data.Common;
using System.Reflection;
using DbUp.Builder;

namespace TransportGateway.Persistence;

/// <summary>The numbered scripts in Migrations/, one set for both engines, each applied once and in one transaction.</summary>
internal static class Migrations
{
    private const string Folder = "Migrations/";

    /// <summary>Whether every script was applied before, as it is at nearly every start: then the library that applies them need not even be loaded.</summary>
    public static async Task<bool> AreAppliedAsync(Database database, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await database.ReadAsync(cancellationToken);
            var applied = await session.QueryAsync<string>("SELECT scriptname FROM schemaversions", null, cancellationToken);
            return Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(IsScript).All(applied.ToHashSet(StringComparer.Ordinal).Contains);
        }
        catch (DbException)
        {
            // There is no journal, or no database yet; whoever applies the scripts sees which.
            return false;
        }
    }

    /// <summary>Whether a script that some database has seen is one of this version.</summary>
    public static bool IsKnown(string script) => Assembly.GetExecutingAssembly().GetManifestResourceNames().Contains(script, StringComparer.Ordinal);

    /// <param name="builder">Says which transactions there are.</param>
    /// <exception cref="DatabaseUnusableException">A script failed; its transaction was rolled back.</exception>
    public static void Apply(UpgradeEngineBuilder builder)
    {
        var result = builder
            .WithScriptsEmbeddedInAssembly(Assembly.GetExecutingAssembly(), IsScript)
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

    private static bool IsScript(string name) => name.StartsWith(Folder, StringComparison.Ordinal);
}
