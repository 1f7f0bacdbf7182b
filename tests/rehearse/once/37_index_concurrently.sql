CREATE TABLE o37 (a int);
-- then
-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY o37_a ON o37 (a);
