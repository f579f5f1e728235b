namespace TransportGateway.Cli.Ha;

/// <summary>Where a node keeps what, as the package lays it out.</summary>
internal static class HaPaths
{
    public const string Etc = "/etc/transport-gateway";

    /// <summary>Keys and certificates of the cluster; for root alone.</summary>
    public const string Keys = Etc + "/ha-keys";

    /// <summary>Which database the gateway uses, over what gateway.json says.</summary>
    public const string DatabaseEnvironment = Etc + "/database.env";

    /// <summary>Where PostgreSQL's programs are, for the unit that starts it outside of a cluster.</summary>
    public const string DatabaseProgramsEnvironment = Etc + "/postgresql.env";

    public const string GatewayData = "/var/lib/transport-gateway";
    public const string MasterKey = GatewayData + "/master.key";

    /// <summary>This node's own key, while another node's database is to come and has not come yet.</summary>
    public const string MasterKeyBefore = MasterKey + ".before-ha";

    /// <summary>The gateway's database before it was moved to PostgreSQL.</summary>
    public const string OwnFile = GatewayData + "/gateway.db";

    public const string MovedMark = OwnFile + ".moved";
    public const string ControlSocket = GatewayData + "/control.sock";

    /// <summary>The database of this node: data, conf, and what the resource agent remembers.</summary>
    public const string Database = "/var/lib/transport-gateway-db";

    public const string DatabaseSockets = "/run/transport-gateway-db";
    public const int DatabasePort = 5442;

    /// <summary>Where a node waits for its peer to deploy it.</summary>
    public const int ProvisioningPort = 5480;

    public const string CorosyncConfiguration = "/etc/corosync/corosync.conf";
    public const string CorosyncKey = "/etc/corosync/authkey";
    public const string PacemakerConfiguration = "/var/lib/pacemaker/cib";
    public const string QDevice = "/etc/corosync/qdevice/net";

    /// <summary>Where the resource agent holds new connections while the role moves.</summary>
    public const string HoldTable = "transport_gateway_hold";

    public const string Version = "/usr/lib/transport-gateway/version";

    public const string GatewayUnit = "transport-gateway.service";
    public const string DatabaseUnit = "transport-gateway-postgresql.service";
    public const string CorosyncUnit = "corosync.service";
    public const string QDeviceUnit = "corosync-qdevice.service";
    public const string PacemakerUnit = "pacemaker.service";

    /// <summary>Has a switchover done that people ask for at the gateway.</summary>
    public const string SwitchoverUnit = "transport-gateway-switchover.path";
}
