using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace TransportGateway.Persistence;

/// <summary>A connection that keeps what it has compiled: to compile a statement costs SQLite more than most take to run.</summary>
/// <remarks>For one user at a time. Commands that are made as <see cref="DbCommand"/>, as Dapper does, have it so.</remarks>
internal sealed class SqliteKeptConnection(string connectionString) : SqliteConnection(connectionString)
{
    private const int MostKept = 64;

    private readonly Dictionary<string, SqliteCommand> _kept = new(StringComparer.Ordinal);

    protected override DbCommand CreateDbCommand() => new Command(this);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var command in _kept.Values)
            {
                command.Dispose();
            }

            _kept.Clear();
        }

        base.Dispose(disposing);
    }

    private SqliteCommand Take(string text)
    {
        if (_kept.Remove(text, out var command))
        {
            command.Transaction = Transaction;
            return command;
        }

        command = CreateCommand();
        command.CommandText = text;
        return command;
    }

    private void Keep(SqliteCommand command)
    {
        command.Parameters.Clear();
        if (_kept.Count == MostKept || !_kept.TryAdd(command.CommandText, command))
        {
            command.Dispose();
        }
    }

    /// <summary>Holds text and parameters until it runs; then a compiled command with this text takes them over.</summary>
    private sealed class Command(SqliteKeptConnection owner) : DbCommand
    {
        private readonly SqliteCommand _draft = new();
        private SqliteCommand? _running;
        private SqliteDataReader? _reader;

        [AllowNull]
        public override string CommandText
        {
            get => _draft.CommandText;
            set => _draft.CommandText = value;
        }

        public override int CommandTimeout { get; set; } = owner.DefaultTimeout;

        public override CommandType CommandType
        {
            get => CommandType.Text;
            set => ArgumentOutOfRangeException.ThrowIfNotEqual(value, CommandType.Text);
        }

        public override bool DesignTimeVisible { get; set; }

        public override UpdateRowSource UpdatedRowSource { get; set; }

        protected override DbConnection? DbConnection
        {
            get => owner;
            set => throw new NotSupportedException();
        }

        protected override DbParameterCollection DbParameterCollection => _draft.Parameters;

        protected override DbTransaction? DbTransaction { get; set; }

        public override void Cancel()
        {
        }

        public override int ExecuteNonQuery()
        {
            using var reader = ExecuteDbDataReader(CommandBehavior.Default);
            return reader.RecordsAffected;
        }

        public override object? ExecuteScalar()
        {
            using var reader = ExecuteDbDataReader(CommandBehavior.Default);
            return reader.Read() ? reader.GetValue(0) : null;
        }

        public override void Prepare()
        {
        }

        protected override DbParameter CreateDbParameter() => new SqliteParameter();

        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
        {
            Finish();
            var command = owner.Take(CommandText);
            try
            {
                command.CommandTimeout = CommandTimeout;
                foreach (SqliteParameter parameter in _draft.Parameters)
                {
                    command.Parameters.Add(parameter);
                }

                _reader = command.ExecuteReader(behavior);
                _running = command;
                return _reader;
            }
            catch
            {
                command.Dispose();
                throw;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                Finish();
                _draft.Dispose();
            }

            base.Dispose(disposing);
        }

        private void Finish()
        {
            _reader?.Dispose();
            _reader = null;
            if (_running is not null)
            {
                owner.Keep(_running);
                _running = null;
            }
        }
    }
}
