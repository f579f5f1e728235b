-- What was answered to requests that came with an idempotency key, so that the same request has its effect once

CREATE TABLE idempotent_requests (
  -- of the caller, the route and the key
  key_hash TEXT NOT NULL PRIMARY KEY,
  -- of the body: another one under the same key is a mistake
  request_hash TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  -- null while the first one is under way, or when the gateway stopped before it had an answer
  status BIGINT,
  content_type TEXT,
  -- sealed with the master key: it may hold secrets that are shown once
  sealed_body BYTEA
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at);
