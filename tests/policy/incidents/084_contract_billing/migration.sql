-- dbtask:no-transaction
ALTER TABLE fees ADD COLUMN contract_id uuid;
CREATE INDEX CONCURRENTLY IF NOT EXISTS fees_contract_id_idx ON fees (contract_id);
