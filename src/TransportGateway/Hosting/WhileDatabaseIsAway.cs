using System.Data.Common;
using Microsoft.AspNetCore.Diagnostics;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>Whoever comes while the database moves, whether to another one or with its role to the other node, is told to come again.</summary>
internal sealed partial class WhileDatabaseIsAway(Database database, ILogger<WhileDatabaseIsAway> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var (name, sentence) = exception switch
        {
            DatabaseMovingException => ("database-moving", exception.Message),
            CommitNotAcknowledgedException => ("change-unconfirmed", "The database did not confirm the change. Look whether it is there before you repeat it."),
            DbException lost when database.Dialect.IsTransient(lost) => ("database-away", "The gateway cannot reach its database now, as while a role moves to the other node. Try again in a few seconds."),
            _ => ("", ""),
        };
        if (name.Length == 0)
        {
            return false;
        }

        Log.Away(logger, exception, httpContext.Request.Path);
        httpContext.Response.Headers.RetryAfter = "5";
        await Problem.WriteAsync(httpContext, StatusCodes.Status503ServiceUnavailable, name, sentence);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A request for {Path} was not served, because the database is away")]
        public static partial void Away(ILogger logger, Exception exception, string path);
    }
}
