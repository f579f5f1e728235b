-- People who sign in, what they may do, and their sessions

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  system_role TEXT NOT NULL CHECK (system_role IN ('administrator', 'operator', 'user')),
  -- who checks the password: this gateway, a directory, or a provider that signs people in
  origin TEXT NOT NULL CHECK (origin IN ('local', 'ldap', 'oidc')),
  -- what the directory or provider calls the person; empty for a local user
  external_id TEXT NOT NULL DEFAULT '',
  -- empty: the one the browser asks for
  language TEXT NOT NULL,
  disabled BOOLEAN NOT NULL,
  -- algorithm, parameters, salt and hash in one text; empty while the person has none
  password_hash TEXT NOT NULL,
  password_changed_at BIGINT,
  password_must_change BOOLEAN NOT NULL,
  failed_attempts BIGINT NOT NULL DEFAULT 0,
  locked_until BIGINT,
  -- sealed with the master key; null without a second factor
  sealed_totp_key BYTEA,
  totp_confirmed BOOLEAN NOT NULL DEFAULT FALSE,
  -- the last 30-second step whose code was taken: a code counts once
  totp_step BIGINT NOT NULL DEFAULT 0,
  -- grows with each change by an administrator
  revision BIGINT NOT NULL DEFAULT 1,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_sign_in_at BIGINT
);
CREATE UNIQUE INDEX users_external ON users (origin, external_id) WHERE external_id <> '';

CREATE TABLE former_passwords (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  password_hash TEXT NOT NULL,
  replaced_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, password_hash)
);

-- One-time codes with which a person sets a password. An administrator hands them over outside the gateway.
CREATE TABLE password_codes (
  code_hash TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_by TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- What a person may do in one local account, or in one local virtual account of it.
CREATE TABLE account_roles (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  -- the account's own identifier stands for the whole account
  scope_id TEXT NOT NULL,
  virtual_account_id TEXT REFERENCES virtual_accounts (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('account-administrator', 'account-user', 'virtual-account-administrator', 'virtual-account-user')),
  PRIMARY KEY (user_id, scope_id),
  CHECK ((virtual_account_id IS NULL AND scope_id = account_id) OR (virtual_account_id IS NOT NULL AND scope_id = virtual_account_id))
);
CREATE INDEX account_roles_by_account ON account_roles (account_id);
CREATE INDEX account_roles_by_virtual_account ON account_roles (virtual_account_id);

-- The cookie's secret is stored as a hash. In the database, so a session goes on at the other node.
CREATE TABLE sessions (
  secret_hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- false while the second factor is still to come
  complete BOOLEAN NOT NULL,
  source TEXT NOT NULL,
  agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- A token of the password grant speaks for the user.
ALTER TABLE access_tokens ADD COLUMN user_id TEXT REFERENCES users (id) ON DELETE CASCADE;
