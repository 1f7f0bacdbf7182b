CREATE TABLE t38 (a int); CREATE INDEX t38_a ON t38 (a);
-- then
-- dbtask:no-transaction
DROP INDEX CONCURRENTLY IF EXISTS t38_a;
VACUUM t38;
