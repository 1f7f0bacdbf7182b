-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS threads_open_created_idx ON threads (created_at) WHERE closed_at IS NULL;
