using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TransportGateway.Simulators.Central;

/// <summary>Software Central's calls over HTTPS, and the portal where files are exchanged by hand.</summary>
internal sealed class CentralServer(CentralExchange exchange, CentralState state, CentralKeys keys, CentralFaults faults, string clientId, string clientSecret, TimeProvider clock)
{
    private const string Cms = "application/pkcs7-mime";

    private readonly HashSet<string> _tokens = new(StringComparer.Ordinal);

    public WebApplication Build(IPAddress address, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(address, port, listen => listen.UseHttps(keys.Web));
        });
        builder.Services.AddRouting();
        var app = builder.Build();
        app.Use(FaultyAsync);
        app.MapPost("/as/token.oauth2", TokenAsync);
        app.MapGet("/services/api/smart-accounts-and-licensing/v2/accounts/search", Search);
        app.MapPost("/exchange/v1/registrations", context => AnswerAsync(context, body => exchange.Register(body)));
        app.MapGet("/exchange/v1/accounts/{account}", LastSequence);
        app.MapPut("/exchange/v1/accounts/{account}/runs/{run}/parts/{number:int}", PutPartAsync);
        app.MapGet("/exchange/v1/accounts/{account}/runs/{run}", Status);
        app.MapGet("/exchange/v1/accounts/{account}/runs/{run}/response/{number:int}", ResponseAsync);
        app.MapPost("/portal/registrations", context => AnswerAsync(context, body => exchange.Register(body)));
        app.MapPost("/portal/synchronizations", context => AnswerAsync(context, body => exchange.ExchangeFile(body)));
        return app;
    }

    private static CentralStep? StepOf(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        return path switch
        {
            "/as/token.oauth2" => CentralStep.Token,
            _ when path.EndsWith("/accounts/search", StringComparison.Ordinal) => CentralStep.Search,
            _ when path.EndsWith("/registrations", StringComparison.Ordinal) && path.StartsWith("/exchange", StringComparison.Ordinal) => CentralStep.Register,
            _ when path.Contains("/parts/", StringComparison.Ordinal) => CentralStep.Part,
            _ when path.Contains("/response/", StringComparison.Ordinal) => CentralStep.Response,
            _ when path.Contains("/runs/", StringComparison.Ordinal) => CentralStep.Status,
            _ => null,
        };
    }

    private async Task FaultyAsync(HttpContext context, RequestDelegate next)
    {
        var step = StepOf(context);
        if (step is not null and not CentralStep.Token && !IsSignedIn(context))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var fault = step is { } known ? faults.Next(known) : null;
        switch (fault)
        {
            case null:
                await next(context);
                break;
            case CentralFault.Latency:
                await Task.Delay(TimeSpan.FromMilliseconds(500), context.RequestAborted);
                await next(context);
                break;
            case CentralFault.TokenEnded:
                lock (_tokens)
                {
                    _tokens.Clear();
                }

                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                break;
            case CentralFault.TooMany:
                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                context.Response.Headers.RetryAfter = "1";
                break;
            case CentralFault.ServerError:
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                break;
            case CentralFault.RequestCut:
                context.Abort();
                break;
            case CentralFault.RequestHeld:
                await HungUpAsync(context);
                break;
            default:
                await SpoilAsync(context, next, fault.Value);
                break;
        }
    }

    private static Task HungUpAsync(HttpContext context) =>
        Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    /// <summary>Does the work, and spoils the answer.</summary>
    private async Task SpoilAsync(HttpContext context, RequestDelegate next, CentralFault fault)
    {
        var wire = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await next(context);
        context.Response.Body = wire;
        var bytes = answer.ToArray();
        switch (fault)
        {
            case CentralFault.AnswerLost:
                context.Abort();
                return;
            case CentralFault.AnswerHeld:
                await HungUpAsync(context);
                return;
            case CentralFault.AnswerCut:
                context.Response.ContentLength = bytes.Length + 1;
                await wire.WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
                await wire.FlushAsync();
                context.Abort();
                return;
            case CentralFault.Rubbish:
                bytes = Encoding.UTF8.GetBytes("<html>It works!</html>");
                break;
            case CentralFault.Altered:
                bytes[bytes.Length / 3] ^= 0x01;
                break;
            case CentralFault.WrongSignature or CentralFault.ClockSkew:
                using (var signer = keys.WrongSigner(ended: fault == CentralFault.ClockSkew))
                {
                    bytes = CentralDocument.Resign(bytes, signer, clock.GetUtcNow());
                }

                break;
        }

        context.Response.ContentLength = bytes.Length;
        await wire.WriteAsync(bytes);
    }

    private bool IsSignedIn(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        lock (_tokens)
        {
            return header.StartsWith("Bearer ", StringComparison.Ordinal) && _tokens.Contains(header["Bearer ".Length..]);
        }
    }

    private async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        if (form["grant_type"] != "client_credentials" || form["client_id"] != clientId || form["client_secret"] != clientSecret)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            await context.Response.WriteAsJsonAsync(new { error = "invalid_client" });
            return;
        }

        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        lock (_tokens)
        {
            _tokens.Add(token);
        }

        await context.Response.WriteAsJsonAsync(new { access_token = token, token_type = "Bearer", expires_in = 3599 });
    }

    private Task Search(HttpContext context)
    {
        var name = context.Request.Query["name"].ToString();
        lock (state.Lock)
        {
            var accounts = state.Data.SmartAccounts.Values.Where(account => account.Name.Contains(name, StringComparison.OrdinalIgnoreCase)).Select(account => new
            {
                domain = account.Name,
                account_id = account.Id,
                virtual_accounts = account.VirtualAccounts.Values.Select(found => new { name = found.Name, virtual_account_id = found.Id }).ToArray(),
            }).ToArray();
            return context.Response.WriteAsJsonAsync(new { accounts, status = "SUCCESS" });
        }
    }

    private Task LastSequence(HttpContext context) => GuardAsync(context, () =>
    {
        var account = Route(context, "account");
        return context.Response.WriteAsJsonAsync(new { account, lastSequence = exchange.LastSequence(account) });
    });

    private async Task PutPartAsync(HttpContext context)
    {
        var body = await ReadAsync(context);
        await GuardAsync(context, () => context.Response.WriteAsJsonAsync(
            new { parts = exchange.PutPart(Route(context, "account"), Route(context, "run"), int.Parse(Route(context, "number"), System.Globalization.CultureInfo.InvariantCulture), body) }));
    }

    private Task Status(HttpContext context) => GuardAsync(context, () =>
    {
        switch (exchange.Status(Route(context, "account"), Route(context, "run")))
        {
            case ("COMPLETE", var parts):
                return context.Response.WriteAsJsonAsync(new { status = "COMPLETE", responseParts = parts });
            case ({ } status, var parts):
                return context.Response.WriteAsJsonAsync(new { status, parts });
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    });

    private Task ResponseAsync(HttpContext context) => GuardAsync(context, async () =>
    {
        if (exchange.Response(Route(context, "account"), Route(context, "run"), int.Parse(Route(context, "number"), System.Globalization.CultureInfo.InvariantCulture)) is { } part)
        {
            context.Response.ContentType = Cms;
            context.Response.ContentLength = part.Length;
            await context.Response.Body.WriteAsync(part);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    });

    private static async Task AnswerAsync(HttpContext context, Func<byte[], byte[]> work)
    {
        var body = await ReadAsync(context);
        await GuardAsync(context, async () =>
        {
            var answer = work(body);
            context.Response.ContentType = Cms;
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer);
        });
    }

    private static async Task GuardAsync(HttpContext context, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (CentralRefusal refusal)
        {
            context.Response.StatusCode = refusal.Status;
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { code = refusal.Code, message = refusal.Message, parts = refusal.Parts, lastSequence = refusal.LastSequence }));
        }
    }

    private static string Route(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }
}
