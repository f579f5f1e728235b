-- What was used of each licence against what was purchased, a row a day: the last of the day counts

CREATE TABLE usage_history (
  virtual_account_id TEXT NOT NULL REFERENCES virtual_accounts (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  -- midnight UTC at which the day began
  day BIGINT NOT NULL,
  purchased_then BIGINT NOT NULL,
  in_use_then BIGINT NOT NULL,
  PRIMARY KEY (virtual_account_id, tag, day)
);
CREATE INDEX usage_history_by_day ON usage_history (day);
