CREATE TABLE t11 (email text); INSERT INTO t11 VALUES ('Ada@Example.com');
-- then
UPDATE t11 SET email = lower(email);
