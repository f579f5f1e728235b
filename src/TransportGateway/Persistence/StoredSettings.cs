namespace TransportGateway.Persistence;

/// <summary>Settings that administrators change while the gateway runs; they live in the database, so both nodes of a cluster have them.</summary>
internal sealed class StoredSettings(DbSession session)
{
    public Task<string?> FindAsync(string name, CancellationToken cancellationToken) =>
        session.ScalarAsync<string>("SELECT value FROM stored_settings WHERE name = @Name", new { Name = name }, cancellationToken);

    public Task SetAsync(string name, string value, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO stored_settings (name, value, changed_by, changed_at) VALUES (@Name, @Value, @By, @Now)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at
            """,
            new { Name = name, Value = value, By = by, Now = now },
            cancellationToken);

    public Task<int> RemoveAsync(string name, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM stored_settings WHERE name = @Name", new { Name = name }, cancellationToken);
}
