-- dbtask:no-transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS articles_author_title_key ON articles (author_id, id, title);
