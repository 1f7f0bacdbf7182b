CREATE TABLE t40 (id int PRIMARY KEY, n int); INSERT INTO t40 VALUES (1, 1);
-- then
WITH wanted (id, n) AS (VALUES (1, 5), (2, 6)), changed AS (
  UPDATE t40 SET n = w.n FROM wanted w WHERE w.id = t40.id RETURNING t40.id
)
INSERT INTO t40 SELECT id, n FROM wanted WHERE id NOT IN (SELECT id FROM changed);
