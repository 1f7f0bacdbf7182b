CREATE TABLE o38 (n int); INSERT INTO o38 SELECT generate_series(1, 5);
-- then
-- dbtask:no-transaction
UPDATE o38 SET n = n - 1 WHERE n > 2;
