using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Mvc;
using TransportGateway.Http;

namespace TransportGateway.Web;

/// <summary>What a person sees in the place of a page that they may not see, or that is not there.</summary>
internal static class RefusalPage
{
    public static ContentResult Of(Texts texts, int status, string sentence) => new()
    {
        StatusCode = status,
        ContentType = "text/html; charset=utf-8",
        Content =
            $"""
            <!doctype html>
            <html lang="{texts.Language}">
            <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>{Encoded(texts["Not possible"])} · {Encoded(texts["Transport gateway"])}</title>
                <link rel="stylesheet" href="{Assets.Url("gateway.css")}">
            </head>
            <body>
                <header class="top"><a class="brand" href="/">{Encoded(texts["Transport gateway"])}</a></header>
                <main>
                    <h1>{Encoded(texts["Not possible"])}</h1>
                    <p class="problem" role="alert">{Encoded(sentence)}</p>
                    <p><a href="/">{Encoded(texts["Go to the first page"])}</a></p>
                </main>
            </body>
            </html>
            """,
    };

    private static string Encoded(string text) => HtmlEncoder.Default.Encode(text);
}
