-- Where in an account something happened, so that a local virtual account, a product instance and a licence have event logs of their own.
-- Null for what concerns the whole account, and for what happened before this migration.
ALTER TABLE events ADD COLUMN virtual_account_id TEXT;
-- Where something came from that moved.
ALTER TABLE events ADD COLUMN former_virtual_account_id TEXT;
CREATE INDEX events_by_virtual_account ON events (virtual_account_id, occurred_at) WHERE virtual_account_id IS NOT NULL;
CREATE INDEX events_by_former_virtual_account ON events (former_virtual_account_id, occurred_at) WHERE former_virtual_account_id IS NOT NULL;
CREATE INDEX events_by_instance ON events (instance_id, occurred_at) WHERE instance_id IS NOT NULL;

-- The licences that an event is about.
CREATE TABLE event_licenses (
  event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (event_id, tag)
);
CREATE INDEX event_licenses_by_tag ON event_licenses (tag);
