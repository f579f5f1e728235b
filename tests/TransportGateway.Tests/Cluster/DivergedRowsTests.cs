using TransportGateway.Cli.Ha;

namespace TransportGateway.Tests.Cluster;

/// <summary>Rows are told apart by all of their values, also by what stands behind a line break.</summary>
public sealed class DivergedRowsTests
{
    [Fact]
    public void A_row_goes_on_over_the_line_breaks_in_its_values()
    {
        const string Dump =
            """
            -- PostgreSQL database dump
            SET client_encoding = 'UTF8';
            INSERT INTO public.events VALUES ('1', 'one line');
            INSERT INTO public.events VALUES ('2', 'it''s two
            lines');
            INSERT INTO public.events VALUES ('3', 'looks like an end);
            INSERT INTO public.events VALUES (''4'');
            and is none');
            INSERT INTO public.other VALUES (5, NULL);
            SELECT pg_catalog.setval('x', 1);
            """;
        Assert.Equal(
            [
                "INSERT INTO public.events VALUES ('1', 'one line');",
                "INSERT INTO public.events VALUES ('2', 'it''s two\nlines');",
                "INSERT INTO public.events VALUES ('3', 'looks like an end);\nINSERT INTO public.events VALUES (''4'');\nand is none');",
                "INSERT INTO public.other VALUES (5, NULL);",
            ],
            Divergence.Statements(Dump.ReplaceLineEndings("\n")));
    }

    [Fact]
    public void A_difference_in_a_later_line_is_a_difference()
    {
        var here = Divergence.Statements("INSERT INTO t VALUES ('a\nhere');").ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(Assert.Single(Divergence.Statements("INSERT INTO t VALUES ('a\nthere');")), here);
    }
}
