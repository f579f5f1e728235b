namespace TransportGateway.Tests.Harness;

/// <summary>PostgreSQL breaks off one of two transactions that wait for each other; here it does so without the other one.</summary>
internal static class Deadlocks
{
    /// <summary>The next one that makes this change has to give way; those behind it do not.</summary>
    /// <param name="change">As a trigger names it: <c>UPDATE ON product_instances</c>.</param>
    public static Task OnceAsync(TestGateway gateway, string change) => gateway.WriteAsync((session, _) => session.ExecuteAsync(
        $"""
        CREATE SEQUENCE changes_made;
        CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          -- A sequence goes on also when its transaction is rolled back.
          IF nextval('changes_made') = 1 THEN
            RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected';
          END IF;
          RETURN NULL;
        END $$;
        CREATE TRIGGER give_way AFTER {change} FOR EACH STATEMENT EXECUTE FUNCTION give_way();
        """,
        null,
        CancellationToken.None));
}
