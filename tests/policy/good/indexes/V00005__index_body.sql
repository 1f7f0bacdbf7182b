-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_body_idx
    ON articles USING gin (to_tsvector('english', body));
