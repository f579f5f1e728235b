-- Addresses that are told of alerts and of synchronisations, and what is on its way to them

CREATE TABLE webhooks (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  -- signs what is sent; sealed with the master key
  sealed_secret TEXT NOT NULL,
  -- roots that the address's certificate must chain to, PEM; empty: those of the machine
  tls_anchors TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
  id TEXT NOT NULL PRIMARY KEY,
  webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given-up')),
  attempts BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  -- what came of the last attempt, in a sentence
  outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at);

-- What was told already. Of what happened before there were webhooks, nobody is told.
ALTER TABLE alerts ADD COLUMN told TEXT NOT NULL DEFAULT '';
UPDATE alerts SET told = CASE WHEN cleared_at IS NULL THEN 'raised' ELSE 'cleared' END;
CREATE INDEX alerts_untold ON alerts (raised_at) WHERE told = '' OR (told = 'raised' AND cleared_at IS NOT NULL);
ALTER TABLE synchronization_runs ADD COLUMN told TEXT NOT NULL DEFAULT '';
UPDATE synchronization_runs SET told = state;
CREATE INDEX synchronization_runs_untold ON synchronization_runs (started_at) WHERE told <> state AND state IN ('succeeded', 'failed', 'abandoned');
