-- dbtask:no-transaction
REINDEX INDEX CONCURRENTLY articles_author_id_idx;
