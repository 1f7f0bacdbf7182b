CREATE TABLE t07 (id serial, name text);
-- then
INSERT INTO t07 (name) SELECT 'admin' WHERE NOT EXISTS (SELECT FROM t07 WHERE name = 'admin');
