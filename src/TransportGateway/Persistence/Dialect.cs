using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace TransportGateway.Persistence;

/// <summary>What really differs between the two engines. Everything else is one SQL text.</summary>
internal abstract class Dialect
{
    public static Dialect Sqlite { get; } = new SqliteDialect();

    public static Dialect PostgreSql { get; } = new PostgreSqlDialect();

    public abstract string Name { get; }

    /// <summary>A condition that is true when the column equals one of the values of the list parameter.</summary>
    public abstract string AnyOf(string column, string parameter);

    /// <summary>A column to order by so that both engines give the same order.</summary>
    public abstract string InByteOrder(string column, string type);

    /// <summary>Gives <c>table_name</c> and <c>column_name</c> of all tables but the migrations' journal.</summary>
    public abstract string ListColumns { get; }

    /// <summary>The same with <c>data_type</c>, in PostgreSQL's words, and the <c>sequence</c> that gives a value when none is given.</summary>
    public abstract string ListTypedColumns { get; }

    /// <summary>Gives <c>table_name</c> and <c>column_name</c> of every primary key, in its order.</summary>
    public abstract string ListKeys { get; }

    /// <summary>Gives <c>from_table</c> and <c>to_table</c> of every foreign key but those within one table.</summary>
    public abstract string ListReferences { get; }

    /// <summary>The pattern for <c>lower(column) LIKE @Pattern ESCAPE '!'</c> that finds a text anywhere.</summary>
    public static string Containing(string text) =>
        $"%{text.ToLowerInvariant().Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal)}%";

    /// <summary>Ends a SELECT of rows that nobody else may select so, or change, until the transaction ends. Rows that refer to them may come.</summary>
    public abstract string Held { get; }

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public abstract bool IsForeignKeyViolation(DbException exception);

    /// <summary>True when another transaction came first. Nothing of this one was kept.</summary>
    public abstract bool IsOvertaken(DbException exception);

    /// <summary>True for a lost connection or a conflict that a new attempt in a new session can overcome.</summary>
    public abstract bool IsTransient(DbException exception);

    private sealed class SqliteDialect : Dialect
    {
        private const int Busy = 5;
        private const int PrimaryKeyViolation = 1555;
        private const int UniqueViolation = 2067;
        private const int ForeignKeyViolation = 787;

        public override string Name => "SQLite";

        /// <remarks>There is one writer.</remarks>
        public override string Held => "";

        public override string AnyOf(string column, string parameter) => $"{column} IN {parameter}";

        public override string InByteOrder(string column, string type) => column;

        public override string ListColumns =>
            """
            SELECT lower(t.name) AS table_name, lower(c.name) AS column_name
              FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND lower(t.name) <> 'schemaversions'
             ORDER BY t.name, c.cid
            """;

        public override string ListTypedColumns =>
            """
            SELECT lower(t.name) AS table_name, lower(c.name) AS column_name, lower(c.type) AS data_type, NULL AS sequence
              FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND lower(t.name) <> 'schemaversions'
             ORDER BY t.name, c.cid
            """;

        public override string ListKeys =>
            """
            SELECT lower(t.name) AS table_name, lower(c.name) AS column_name
              FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND c.pk > 0
             ORDER BY t.name, c.pk
            """;

        public override string ListReferences =>
            """
            SELECT lower(t.name) AS from_table, lower(f."table") AS to_table
              FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
             WHERE t.type = 'table' AND lower(f."table") <> lower(t.name)
            """;

        public override bool IsForeignKeyViolation(DbException exception) => exception is SqliteException { SqliteExtendedErrorCode: ForeignKeyViolation };

        public override bool IsOvertaken(DbException exception) =>
            exception is SqliteException { SqliteExtendedErrorCode: PrimaryKeyViolation or UniqueViolation or ForeignKeyViolation };

        public override bool IsTransient(DbException exception) => exception is SqliteException { SqliteErrorCode: Busy };
    }

    private sealed class PostgreSqlDialect : Dialect
    {
        public override string Name => "PostgreSQL";

        public override string Held => " FOR NO KEY UPDATE";

        public override string AnyOf(string column, string parameter) => $"{column} = ANY({parameter})";

        public override string InByteOrder(string column, string type) => type == "text" ? $"{column} COLLATE \"C\"" : column;

        public override string ListColumns =>
            """
            SELECT c.table_name::text, c.column_name::text
              FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
             WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.table_name <> 'schemaversions'
             ORDER BY c.table_name, c.ordinal_position
            """;

        public override string ListTypedColumns =>
            """
            SELECT c.table_name::text, c.column_name::text, c.data_type::text, pg_get_serial_sequence(quote_ident(c.table_name), c.column_name) AS sequence
              FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
             WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.table_name <> 'schemaversions'
             ORDER BY c.table_name, c.ordinal_position
            """;

        public override string ListKeys =>
            """
            SELECT t.relname::text AS table_name, a.attname::text AS column_name
              FROM pg_index i
              JOIN pg_class t ON t.oid = i.indrelid
              JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey)
             WHERE i.indisprimary
             ORDER BY t.relname, array_position(i.indkey::int2[], a.attnum)
            """;

        public override string ListReferences =>
            """
            SELECT f.relname::text AS from_table, t.relname::text AS to_table
              FROM pg_constraint c
              JOIN pg_class f ON f.oid = c.conrelid
              JOIN pg_class t ON t.oid = c.confrelid
              JOIN pg_namespace n ON n.oid = f.relnamespace AND n.nspname = current_schema()
             WHERE c.contype = 'f' AND f.oid <> t.oid
            """;

        public override bool IsForeignKeyViolation(DbException exception) =>
            exception is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation };

        public override bool IsOvertaken(DbException exception) =>
            exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.DeadlockDetected };

        public override bool IsTransient(DbException exception) =>
            exception is CommitNotAcknowledgedException
            or NpgsqlException { IsTransient: true }
            or PostgresException
            {
                SqlState: PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            };
    }
}
