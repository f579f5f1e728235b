-- Synchronisation with Software Central

-- revision grows with each change of what Software Central is told of an instance; sent_revision is what the last request carried,
-- synced_revision what Software Central has acknowledged. Numbers rather than times: a change that commits late cannot be missed.
ALTER TABLE product_instances ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE product_instances ADD COLUMN sent_revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE product_instances ADD COLUMN synced_revision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX product_instances_unsynchronised ON product_instances (id) WHERE revision <> synced_revision;

-- Whether Cisco lets this account have export-controlled functionality; null until a synchronisation told.
ALTER TABLE accounts ADD COLUMN export_control_allowed BOOLEAN;

-- Instances that went to another local account: the one they left has to report it.
CREATE TABLE instance_departures (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  instance_id TEXT NOT NULL,
  revision BIGINT NOT NULL,
  departed_at BIGINT NOT NULL,
  sent BOOLEAN NOT NULL,
  PRIMARY KEY (account_id, instance_id)
);

-- What Software Central grants an account. Written by synchronisation alone, the whole set each time.
CREATE TABLE entitlements (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  tag TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  description TEXT NOT NULL,
  sku TEXT,
  billing TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  starts_at BIGINT NOT NULL,
  ends_at BIGINT,
  subscription_id TEXT,
  status TEXT NOT NULL,
  PRIMARY KEY (account_id, id)
);

CREATE TABLE synchronizations (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  sequence BIGINT NOT NULL DEFAULT 0,
  smart_account_id TEXT,
  cloud_virtual_account_id TEXT,
  registered_at BIGINT,
  last_success_at BIGINT,
  full_needed BOOLEAN NOT NULL DEFAULT TRUE,
  schedule TEXT,
  withheld TEXT NOT NULL DEFAULT ''
);

-- The keys with which accounts sign what they tell Software Central.
CREATE TABLE exchange_identities (
  run TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('requested', 'current')),
  sealed_key BYTEA NOT NULL,
  request BYTEA NOT NULL,
  certificate BYTEA,
  chain BYTEA,
  not_after BIGINT,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX exchange_identities_state ON exchange_identities (account_id, state);

CREATE TABLE synchronization_runs (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  sequence BIGINT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('standard', 'full')),
  way TEXT NOT NULL CHECK (way IN ('online', 'file')),
  state TEXT NOT NULL CHECK (state IN ('sending', 'awaiting-response', 'succeeded', 'failed', 'abandoned')),
  started_by TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  instances_to_send BIGINT NOT NULL,
  sent_up_to TEXT NOT NULL DEFAULT '',
  parts BIGINT NOT NULL DEFAULT 0,
  last_part_hash TEXT,
  request_complete BOOLEAN NOT NULL DEFAULT FALSE,
  part_under_way BYTEA,
  instances_sent BIGINT NOT NULL DEFAULT 0,
  bytes_sent BIGINT NOT NULL DEFAULT 0,
  entitlements_received BIGINT NOT NULL DEFAULT 0,
  removals_received BIGINT NOT NULL DEFAULT 0,
  certificates_received BIGINT NOT NULL DEFAULT 0,
  cause TEXT NOT NULL DEFAULT '',
  resumable BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX synchronization_runs_open ON synchronization_runs (account_id) WHERE state IN ('sending', 'awaiting-response');
CREATE INDEX synchronization_runs_by_account ON synchronization_runs (account_id, started_at);
