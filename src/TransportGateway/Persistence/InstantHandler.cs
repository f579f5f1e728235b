using System.Data;
using System.Globalization;
using Dapper;

namespace TransportGateway.Persistence;

/// <summary>Instants are Unix milliseconds in BIGINT on both engines: one type, one order, no time zones.</summary>
internal sealed class InstantHandler : SqlMapper.TypeHandler<DateTimeOffset>
{
    public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
    {
        parameter.DbType = DbType.Int64;
        parameter.Value = value.ToUnixTimeMilliseconds();
    }

    public override DateTimeOffset Parse(object value) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(value, CultureInfo.InvariantCulture));
}
