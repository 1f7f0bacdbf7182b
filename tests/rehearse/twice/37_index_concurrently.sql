CREATE TABLE t37 (a int);
-- then
-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS t37_a ON t37 (a);
ANALYZE t37;
