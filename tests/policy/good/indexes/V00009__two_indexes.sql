-- dbtask:no-transaction
-- Each statement is noted on its own: a rerun goes on where it stopped.
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_id_author_idx ON articles (id, author_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_id_title_idx ON articles (id, title);
