CREATE TABLE t30 (id serial PRIMARY KEY); INSERT INTO t30 VALUES (41), (42);
-- then
SELECT setval('t30_id_seq', (SELECT max(id) FROM t30));
