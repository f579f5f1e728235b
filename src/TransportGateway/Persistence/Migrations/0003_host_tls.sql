-- Every certificate that was asked for under a Host Common Name, and how far it came. At most one is installed: the one that is served.
-- A restart or the other node of a cluster goes on from the state that stands here.
CREATE TABLE host_certificate_changes (
  id TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('requested', 'awaiting-issue', 'installed', 'superseded')),
  common_name TEXT NOT NULL,
  -- separated by commas
  alternative_names TEXT NOT NULL,
  issuer TEXT NOT NULL CHECK (issuer IN ('own', 'central')),
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  -- PKCS#8, sealed with the master key; forgotten when the change is superseded
  sealed_key BYTEA,
  -- PKCS#10
  signing_request BYTEA,
  -- PEM, the host certificate first, up to the certificate below the root
  chain TEXT,
  not_after BIGINT,
  installed_at BIGINT,
  CHECK (state IN ('requested', 'superseded') OR (sealed_key IS NOT NULL AND signing_request IS NOT NULL)),
  CHECK (state <> 'installed' OR (chain IS NOT NULL AND not_after IS NOT NULL AND installed_at IS NOT NULL))
);
CREATE INDEX host_certificate_changes_by_state ON host_certificate_changes (state, installed_at);

-- Certificates for browsers: signing requests that wait for their certificate, and the one that is served.
CREATE TABLE browser_certificates (
  id TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('requested', 'installed')),
  names TEXT NOT NULL,
  sealed_key BYTEA NOT NULL,
  signing_request BYTEA,
  chain TEXT,
  not_after BIGINT,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  installed_at BIGINT,
  CHECK ((state = 'requested' AND signing_request IS NOT NULL) OR (state = 'installed' AND chain IS NOT NULL AND not_after IS NOT NULL AND installed_at IS NOT NULL))
);
CREATE UNIQUE INDEX browser_certificates_installed ON browser_certificates (state) WHERE state = 'installed';

-- The host name that each product dialled last; one row a product instance, and a bounded number of addresses whose product is not known.
CREATE TABLE dialled_names (
  -- product instance identifier, or address
  source TEXT NOT NULL PRIMARY KEY,
  -- null for an address
  account_id TEXT,
  product TEXT NOT NULL,
  -- what counts: the name in the TLS handshake, else the one in the Host header
  name TEXT NOT NULL,
  tls_name TEXT NOT NULL,
  host_header TEXT NOT NULL,
  dialled_at BIGINT NOT NULL
);
CREATE INDEX dialled_names_by_account ON dialled_names (account_id, dialled_at);
