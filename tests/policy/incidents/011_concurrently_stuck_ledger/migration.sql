-- Apply statement by statement, not in a transaction.
CREATE INDEX CONCURRENTLY IF NOT EXISTS blocks_author_idx ON blocks (author);
CREATE INDEX CONCURRENTLY IF NOT EXISTS blocks_observed_at_idx ON blocks (observed_at);
