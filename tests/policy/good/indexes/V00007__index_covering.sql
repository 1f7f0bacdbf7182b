-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_author_cover_idx ON articles (author_id) INCLUDE (title);
