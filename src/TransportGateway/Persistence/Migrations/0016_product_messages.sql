-- Messages of products

-- The serial number of the ID certificate that counts, in the row that the messages of a product lock: whoever looked at another one sees that it was overtaken.
ALTER TABLE product_instances ADD COLUMN certificate_serial TEXT;
UPDATE product_instances SET certificate_serial = (SELECT max(serial) FROM id_certificates c WHERE c.instance_id = product_instances.id AND c.state = 'current');

-- The UDIs of the product and its members as its ID certificate lists them, one a line, for the next certificate.
ALTER TABLE product_instances ADD COLUMN udis TEXT NOT NULL DEFAULT '';
UPDATE product_instances SET udis = udi_key;

-- An authorisation looks for what was granted of the tags that it is about.
CREATE INDEX entitlements_by_tag ON entitlements (account_id, tag);

-- Messages with a registration token are sealed from here on; what was kept in the clear goes.
DELETE FROM answered_messages WHERE sender LIKE 'csr:%' AND status = 'FAILED';
UPDATE answered_messages SET request = substr(request, 1, 0) WHERE sender LIKE 'csr:%';
DELETE FROM refused_messages;
