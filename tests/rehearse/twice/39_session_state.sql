CREATE TABLE t39 (a int); INSERT INTO t39 VALUES (NULL);
-- then
SET search_path = pg_catalog;
UPDATE public.t39 SET a = 1 WHERE a IS NULL;
