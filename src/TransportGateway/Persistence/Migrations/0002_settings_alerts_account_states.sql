-- Settings that administrators change while the gateway runs; both nodes of a cluster read them. Secrets among them are sealed.
CREATE TABLE stored_settings (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);

-- An alert is about a virtual account, a whole account (virtual_account_id is empty) or the gateway (account_id is empty, too).
ALTER TABLE alerts ADD COLUMN message TEXT NOT NULL DEFAULT '';
DROP INDEX alerts_open;
CREATE UNIQUE INDEX alerts_open ON alerts (account_id, virtual_account_id, kind, source) WHERE cleared_at IS NULL;

-- An account without a Smart Account is a local one: it is active from the start and never synchronises.
ALTER TABLE accounts ADD COLUMN status TEXT NOT NULL DEFAULT 'active'
  CHECK (status IN ('pending', 'awaiting-authorization', 'active', 'inactive', 'rejected', 'error'));
ALTER TABLE accounts ADD COLUMN status_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN smart_account TEXT;
ALTER TABLE accounts ADD COLUMN cloud_virtual_account TEXT;
ALTER TABLE accounts ADD COLUMN notification_email TEXT;
ALTER TABLE accounts ADD COLUMN synchronization_needed BOOLEAN NOT NULL DEFAULT FALSE;
-- One local account to one cloud virtual account, unless the request was rejected.
CREATE UNIQUE INDEX accounts_cloud ON accounts (lower(smart_account), lower(cloud_virtual_account)) WHERE smart_account IS NOT NULL AND status <> 'rejected';
