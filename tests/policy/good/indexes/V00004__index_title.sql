-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_title_idx ON articles (lower(title) text_pattern_ops);
