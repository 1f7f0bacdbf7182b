-- dbtask:no-transaction
VACUUM (ANALYZE) articles;
