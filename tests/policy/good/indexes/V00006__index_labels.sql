-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_labels_idx ON articles USING gin (labels jsonb_path_ops);
