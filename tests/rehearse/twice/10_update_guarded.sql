CREATE TABLE t10 (cents int, euros numeric); INSERT INTO t10 VALUES (250, NULL);
-- then
UPDATE t10 SET euros = cents / 100.0 WHERE euros IS NULL;
