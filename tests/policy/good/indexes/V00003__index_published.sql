-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS articles_published_at_idx
    ON articles (published_at DESC NULLS LAST) WHERE published_at IS NOT NULL;
