-- Syslog, e-mail, and what each account wants to be told

-- How far whoever follows the event log has come: everything before done_before is done.
CREATE TABLE event_followers (
  name TEXT NOT NULL PRIMARY KEY,
  done_before BIGINT NOT NULL,
  last_done_at BIGINT,
  -- since when it gets no further, and why
  stuck_since BIGINT,
  problem TEXT NOT NULL DEFAULT ''
);

CREATE TABLE mails (
  id TEXT NOT NULL PRIMARY KEY,
  -- what it tells of; nobody is told of the same thing twice
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given-up')),
  attempts BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  -- what came of the last attempt, in a sentence
  outcome TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX mails_once ON mails (source, recipient);
CREATE INDEX mails_due ON mails (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX mails_by_age ON mails (created_at);

-- An account without a row here wants to be told nothing.
CREATE TABLE account_preferences (
  account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  -- one address a line
  emails TEXT NOT NULL,
  alerts_at_once BOOLEAN NOT NULL,
  digest TEXT NOT NULL CHECK (digest IN ('none', 'daily', 'weekly')),
  -- null without a digest
  next_digest_at BIGINT
);
