-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_author_id_idx ON articles (author_id);
