ALTER TABLE agents DROP CONSTRAINT IF EXISTS agents_type_check;
ALTER TABLE agents ADD CONSTRAINT agents_type_check CHECK (type IN ('selling', 'sponsored'));
UPDATE agents SET type = 'selling' WHERE type = 'sales';
UPDATE agents SET type = 'sponsored' WHERE type = 'si';
