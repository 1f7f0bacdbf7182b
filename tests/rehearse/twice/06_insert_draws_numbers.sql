CREATE TABLE t06 (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);
-- then
-- the second run draws a number, and uses it for nothing
INSERT INTO t06 (name) VALUES ('admin') ON CONFLICT (name) DO NOTHING;
