CREATE TABLE t12 (id int, total int); CREATE TABLE t12_line (id int, n int); INSERT INTO t12 VALUES (1, 0); INSERT INTO t12_line VALUES (1, 2), (1, 3);
-- then
UPDATE t12 SET total = (SELECT sum(n) FROM t12_line l WHERE l.id = t12.id);
