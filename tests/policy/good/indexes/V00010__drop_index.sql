-- dbtask:no-transaction
DROP INDEX CONCURRENTLY IF EXISTS articles_id_title_idx;
