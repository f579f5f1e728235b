-- What stands for an account in the URL that products with Smart Licensing Using Policy dial: its name when it was made, percent-encoded,
-- with -1 behind it. It never changes. Accounts that are older than this script get it from their identifier.
ALTER TABLE accounts ADD COLUMN tenant_id TEXT NOT NULL DEFAULT '';
UPDATE accounts SET tenant_id = id || '-1';
CREATE UNIQUE INDEX accounts_tenant ON accounts (lower(tenant_id));

-- Substitution rules go with the account that is deleted. SQLite cannot change a reference, so the table is made anew.
CREATE TABLE substitution_rules_of_accounts (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  higher_tag TEXT NOT NULL,
  lower_tag TEXT NOT NULL,
  PRIMARY KEY (account_id, higher_tag, lower_tag)
);
INSERT INTO substitution_rules_of_accounts (account_id, higher_tag, lower_tag) SELECT account_id, higher_tag, lower_tag FROM substitution_rules;
DROP TABLE substitution_rules;
ALTER TABLE substitution_rules_of_accounts RENAME TO substitution_rules;
