-- Labels that people put on the licences of an account. They are not the entitlement tags that products send and Cisco grants; an assignment
-- names one of those and refers to no row of it, so that it outlives a synchronisation, which replaces the entitlements.

CREATE TABLE license_tags (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (account_id, name_key)
);

CREATE TABLE license_tag_assignments (
  license_tag_id TEXT NOT NULL REFERENCES license_tags (id) ON DELETE CASCADE,
  entitlement_tag TEXT NOT NULL,
  PRIMARY KEY (license_tag_id, entitlement_tag)
);
