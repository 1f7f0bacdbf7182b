CREATE TABLE t14 (id int, a int); INSERT INTO t14 VALUES (1, 1), (2, 1), (3, 2);
-- then
DELETE FROM t14 x USING t14 y WHERE x.a = y.a AND x.id > y.id;
