CREATE INDEX CONCURRENTLY IF NOT EXISTS receipts_predecessor_idx ON receipts (predecessor, block_timestamp);
