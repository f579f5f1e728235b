-- Archive of messages

-- Where the product of a message was when it came, so that those of an account see its messages and no others.
-- Null for who proved no registration, and for what came before this migration.
ALTER TABLE answered_messages ADD COLUMN virtual_account_id TEXT;
-- A list of an account's messages passes over those of others without reading them.
DROP INDEX answered_messages_by_time;
CREATE INDEX answered_messages_by_time ON answered_messages (received_at, virtual_account_id);

-- The product instance that a registration became; every other message has it as its sender.
ALTER TABLE answered_messages ADD COLUMN registered_instance_id TEXT;
CREATE INDEX answered_messages_by_registered_instance ON answered_messages (registered_instance_id) WHERE registered_instance_id IS NOT NULL;
