-- Product instances that another server registered, known from copies of the messages that were relayed to it. They never count in license_pools.
CREATE TABLE relayed_instances (
  id TEXT NOT NULL PRIMARY KEY,
  -- With the account that it is filed under a record is forgotten; the next message brings it back under the configured one.
  virtual_account_id TEXT NOT NULL REFERENCES virtual_accounts (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('registered', 'deregistered')),
  udi_key TEXT,
  udi_pid TEXT,
  udi_serial_number TEXT,
  udi_vid TEXT,
  uuid TEXT,
  suvi TEXT,
  host_identifier TEXT,
  mac_address TEXT,
  host_name TEXT,
  software_tag TEXT NOT NULL,
  product_type TEXT NOT NULL,
  agent_version TEXT,
  export_controlled BOOLEAN NOT NULL,
  upstream TEXT NOT NULL,
  smart_account TEXT,
  cloud_virtual_account TEXT,
  registered_at BIGINT NOT NULL,
  last_contact_at BIGINT NOT NULL,
  ended_at BIGINT,
  authorization_status TEXT,
  authorized_at BIGINT
);
CREATE INDEX relayed_instances_by_account ON relayed_instances (virtual_account_id, state);
CREATE INDEX relayed_instances_by_udi ON relayed_instances (udi_key);

-- What a relayed product asked for at its last authorisation, and what the upstream said to it.
CREATE TABLE relayed_usages (
  instance_id TEXT NOT NULL REFERENCES relayed_instances (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  status TEXT NOT NULL,
  PRIMARY KEY (instance_id, tag)
);

-- What this gateway issued and has forgotten with a deleted account: a message that names it is not for an upstream.
CREATE TABLE former_instances (
  id TEXT NOT NULL PRIMARY KEY
);
CREATE TABLE former_tokens (
  secret_hash TEXT NOT NULL PRIMARY KEY
);

-- Whether messages of relayed products that are filed under the account go to the upstream.
ALTER TABLE accounts ADD COLUMN relay_allowed BOOLEAN NOT NULL DEFAULT TRUE;
