-- Backups that were made, and what came of trying to restore them

CREATE TABLE backups (
  id TEXT NOT NULL PRIMARY KEY,
  -- the machine that has the file
  node TEXT NOT NULL,
  started_by TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  state TEXT NOT NULL CHECK (state IN ('running', 'made', 'failed')),
  bytes BIGINT NOT NULL DEFAULT 0,
  row_count BIGINT NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT '',
  -- the last restore drill; null when there was none
  drilled_at BIGINT,
  drill_passed BOOLEAN,
  drill_result TEXT NOT NULL DEFAULT ''
);
CREATE INDEX backups_by_time ON backups (started_at);
