-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_title_trgm_idx ON articles (title);
DROP INDEX CONCURRENTLY IF EXISTS articles_title_idx;
