-- dbtask:no-transaction
REINDEX (VERBOSE) TABLE CONCURRENTLY articles;
