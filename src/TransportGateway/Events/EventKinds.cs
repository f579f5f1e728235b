namespace TransportGateway.Events;

/// <summary>Names that operators filter on: once released they do not change.</summary>
internal static class EventKinds
{
    /// <summary>All of them, in the order of the alphabet.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. typeof(EventKinds).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)];

    public const string NodeActive = "node-active";
    public const string ClusterNormal = "cluster-normal";
    public const string ClusterDegraded = "cluster-degraded";
    public const string SwitchoverAsked = "switchover-asked";
    public const string DatabaseMigrated = "database-migrated";
    public const string BackupMade = "backup-made";
    public const string BackupFailed = "backup-failed";
    public const string BackupDeleted = "backup-deleted";
    public const string BackupDownloaded = "backup-downloaded";
    public const string BackupRestored = "backup-restored";
    public const string BackupSettingsChanged = "backup-settings-changed";
    public const string RecoveryKeyMade = "backup-recovery-key-made";
    public const string RestoreDrillPassed = "restore-drill-passed";
    public const string RestoreDrillFailed = "restore-drill-failed";
    public const string GatewaySetUp = "gateway-set-up";
    public const string AccountCreated = "account-created";
    public const string AccountRequested = "account-requested";
    public const string AccountApproved = "account-approved";
    public const string AccountRejected = "account-rejected";
    public const string AccountRegistered = "account-registered";
    public const string AccountRegistrationFailed = "account-registration-failed";
    public const string AccountToRegisterAgain = "account-to-register-again";
    public const string AccountActivated = "account-activated";
    public const string AccountDeactivated = "account-deactivated";
    public const string AccountDeleted = "account-deleted";
    public const string VirtualAccountCreated = "virtual-account-created";
    public const string VirtualAccountDeleted = "virtual-account-deleted";
    public const string ApiClientCreated = "api-client-created";
    public const string RestApiSwitched = "rest-api-switched";
    public const string ApiClientRevoked = "api-client-revoked";
    public const string SignInRefused = "sign-in-refused";
    public const string SignedIn = "signed-in";
    public const string SessionEnded = "session-ended";
    public const string UserCreated = "user-created";
    public const string UserChanged = "user-changed";
    public const string UserRemoved = "user-removed";
    public const string UserLocked = "user-locked";
    public const string PasswordChanged = "password-changed";
    public const string PasswordCodeIssued = "password-code-issued";
    public const string SecondFactorSet = "second-factor-set";
    public const string SecondFactorRemoved = "second-factor-removed";
    public const string AccountRoleGiven = "account-role-given";
    public const string AccountRoleTaken = "account-role-taken";
    public const string AccessRulesChanged = "access-rules-changed";
    public const string TokenCreated = "token-created";
    public const string TokenRead = "token-read";
    public const string TokenRevoked = "token-revoked";
    public const string ArchivedMessageRead = "archived-message-read";
    public const string InstanceRegistered = "instance-registered";
    public const string InstanceRegisteredAgain = "instance-registered-again";
    public const string InstanceDeregistered = "instance-deregistered";
    public const string InstanceRemoved = "instance-removed";
    public const string InstanceTransferred = "instance-transferred";
    public const string CertificateRenewed = "id-certificate-renewed";
    public const string UsageChanged = "license-usage-changed";
    public const string CentralSettingsChanged = "central-settings-changed";
    public const string RegistrationFileSaved = "account-registration-file-saved";
    public const string SynchronizationStarted = "synchronization-started";
    public const string SynchronizationSucceeded = "synchronization-succeeded";
    public const string SynchronizationFailed = "synchronization-failed";
    public const string SynchronizationFileSaved = "synchronization-file-saved";
    public const string SynchronizationFileRefused = "synchronization-file-refused";
    public const string SynchronizationSettingsChanged = "synchronization-settings-changed";
    public const string PurchasesChanged = "purchased-quantities-changed";
    public const string LicensesTransferred = "licenses-transferred";
    public const string TransfersTakenBack = "transferred-licenses-taken-back";
    public const string LicenseTagCreated = "license-tag-created";
    public const string LicenseTagRenamed = "license-tag-renamed";
    public const string LicenseTagDeleted = "license-tag-deleted";
    public const string LicenseTagAssigned = "license-tag-assigned";
    public const string LicenseTagTakenOff = "license-tag-taken-off";
    public const string ReservationRequested = "license-reservation-requested";
    public const string RegistrationRefused = "registration-refused";
    public const string MessageOfTheDayChanged = "message-of-the-day-changed";
    public const string LanguageChanged = "language-changed";
    public const string WebhookCreated = "webhook-created";
    public const string WebhookRemoved = "webhook-removed";
    public const string WebhookGivenUp = "webhook-given-up";
    public const string SyslogChanged = "syslog-changed";
    public const string SyslogAway = "syslog-away";
    public const string SyslogBack = "syslog-back";
    public const string EmailChanged = "email-changed";
    public const string EmailGivenUp = "email-given-up";
    public const string PreferencesChanged = "account-preferences-changed";
    public const string DirectoryChanged = "directory-changed";
    public const string ProviderChanged = "identity-provider-changed";
    public const string DirectoryUnreachable = "directory-unreachable";
    /// <summary>Of a sender that proved nothing: anybody who reaches the port can cause it.</summary>
    public const string MessageRefused = "message-refused";

    /// <summary>Of a product that proved itself.</summary>
    public const string RequestRefused = "request-refused";
    public const string RelayChanged = "relay-changed";
    public const string RelayedInstanceSeen = "relayed-instance-seen";
    public const string RelayedInstanceEnded = "relayed-instance-ended";
    public const string RelayedInstanceForgotten = "relayed-instance-forgotten";
    public const string RelayRefused = "relay-refused";
    public const string UpstreamAway = "upstream-away";
    public const string UpstreamBack = "upstream-back";
    public const string CertificateIssued = "gateway-certificate-issued";
    public const string HostNameChanged = "host-name-changed";
    public const string CertificateIssuerChanged = "certificate-issuer-changed";
    public const string HostCertificateRequested = "host-certificate-requested";
    public const string HostCertificateInstalled = "host-certificate-installed";
    public const string HostCertificateRefused = "host-certificate-refused";
    public const string BrowserRequestCreated = "browser-certificate-requested";
    public const string BrowserRequestDeleted = "browser-certificate-request-deleted";
    public const string BrowserCertificateUploaded = "browser-certificate-uploaded";
    public const string BrowserCertificateDeleted = "browser-certificate-deleted";
}

internal static class Severity
{
    public const string Info = "info";
    public const string Warning = "warning";
    public const string Error = "error";

    public static IReadOnlyList<string> All { get; } = [Info, Warning, Error];
}
