-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS pages_body_vector_idx ON pages USING gin (body_vector);
