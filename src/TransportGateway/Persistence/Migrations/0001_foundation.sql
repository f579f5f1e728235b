-- Types on both engines: TEXT INTEGER BIGINT BOOLEAN BYTEA. Instants are BIGINT Unix milliseconds. Every key column says NOT NULL.

-- Events and alerts

CREATE TABLE events (
  id TEXT NOT NULL PRIMARY KEY,
  occurred_at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
  actor TEXT NOT NULL,
  account_id TEXT,
  instance_id TEXT,
  message TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (occurred_at);
CREATE INDEX events_by_account ON events (account_id, occurred_at);

CREATE TABLE alerts (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL,
  virtual_account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('Major', 'Minor')),
  source TEXT NOT NULL,
  raised_at BIGINT NOT NULL,
  cleared_at BIGINT
);
-- One open alert of a kind and source in a virtual account; any number of cleared ones.
CREATE UNIQUE INDEX alerts_open ON alerts (virtual_account_id, kind, source) WHERE cleared_at IS NULL;

-- Access

CREATE TABLE setup_codes (
  code_hash TEXT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL,
  redeemed_at BIGINT
);

CREATE TABLE api_clients (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT,
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  permissions TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE access_tokens (
  token_hash TEXT NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES api_clients (id),
  expires_at BIGINT NOT NULL
);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);

-- Accounts

CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE virtual_accounts (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  is_default BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (account_id, name_key)
);
-- Exactly one default in an account: a second one is refused here, a missing one never arises because it cannot be deleted.
CREATE UNIQUE INDEX virtual_accounts_default ON virtual_accounts (account_id) WHERE is_default = TRUE;

-- Certificates and keys of the gateway itself; keys are sealed with the master key

CREATE TABLE authority_certificates (
  id TEXT NOT NULL PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('root', 'sub-ca', 'signing', 'host')),
  serial TEXT NOT NULL UNIQUE,
  issuer_id TEXT,
  certificate BYTEA NOT NULL,
  sealed_key BYTEA NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Registration tokens and product instances

CREATE TABLE registration_tokens (
  id TEXT NOT NULL PRIMARY KEY,
  virtual_account_id TEXT NOT NULL REFERENCES virtual_accounts (id),
  secret_hash TEXT NOT NULL UNIQUE,
  sealed_text BYTEA NOT NULL,
  description TEXT NOT NULL,
  export_controlled BOOLEAN NOT NULL,
  max_uses BIGINT CHECK (max_uses > 0),
  uses BIGINT NOT NULL CHECK (uses >= 0),
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  CHECK (max_uses IS NULL OR uses <= max_uses)
);
CREATE INDEX registration_tokens_by_account ON registration_tokens (virtual_account_id, created_at);

CREATE TABLE product_instances (
  id TEXT NOT NULL PRIMARY KEY,
  virtual_account_id TEXT NOT NULL REFERENCES virtual_accounts (id),
  state TEXT NOT NULL CHECK (state IN ('registered', 'deregistered', 'removed')),
  udi_key TEXT NOT NULL,
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
  registered_at BIGINT NOT NULL,
  last_contact_at BIGINT NOT NULL,
  ended_at BIGINT,
  authorization_status TEXT,
  authorized_at BIGINT
);
-- A product (its UDI) is registered once, with any number of ended registrations behind it.
CREATE UNIQUE INDEX product_instances_registered ON product_instances (udi_key) WHERE state = 'registered';
CREATE INDEX product_instances_by_account ON product_instances (virtual_account_id, state);

CREATE TABLE id_certificates (
  serial TEXT NOT NULL PRIMARY KEY,
  instance_id TEXT NOT NULL REFERENCES product_instances (id),
  state TEXT NOT NULL CHECK (state IN ('issued', 'current', 'superseded', 'revoked')),
  public_key BYTEA NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  issued_at BIGINT NOT NULL
);
CREATE INDEX id_certificates_by_instance ON id_certificates (instance_id);

-- Licences

-- One row a licence of a virtual account. in_use is the sum over its product instances, kept in the transaction that changes them;
-- purchased is written by synchronisation alone.
CREATE TABLE license_pools (
  virtual_account_id TEXT NOT NULL REFERENCES virtual_accounts (id),
  tag TEXT NOT NULL,
  purchased BIGINT NOT NULL DEFAULT 0 CHECK (purchased >= 0),
  in_use BIGINT NOT NULL DEFAULT 0 CHECK (in_use >= 0),
  PRIMARY KEY (virtual_account_id, tag)
);

CREATE TABLE license_usages (
  instance_id TEXT NOT NULL REFERENCES product_instances (id),
  tag TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (instance_id, tag)
);

-- A higher licence may stand in for a lower one. Filled by synchronisation alone.
CREATE TABLE substitution_rules (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  higher_tag TEXT NOT NULL,
  lower_tag TEXT NOT NULL,
  PRIMARY KEY (account_id, higher_tag, lower_tag)
);

-- What products said and what they were answered

-- sender is the product instance identifier, or csr:<hash of the key in the signing request> at registration.
CREATE TABLE answered_messages (
  sender TEXT NOT NULL,
  nonce TEXT NOT NULL,
  request_hash BYTEA NOT NULL,
  request BYTEA NOT NULL,
  request_type TEXT NOT NULL,
  transport TEXT NOT NULL,
  source TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  status TEXT NOT NULL,
  signer_serial TEXT NOT NULL,
  response TEXT NOT NULL,
  PRIMARY KEY (sender, nonce)
);
CREATE INDEX answered_messages_by_time ON answered_messages (received_at);

-- Messages whose sender could not be proved; kept for diagnosis, in bounded number.
CREATE TABLE refused_messages (
  id TEXT NOT NULL PRIMARY KEY,
  received_at BIGINT NOT NULL,
  transport TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  request BYTEA NOT NULL
);
