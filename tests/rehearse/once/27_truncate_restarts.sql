CREATE TABLE o27 (id serial, a int); INSERT INTO o27 (a) VALUES (1), (2), (3);
-- then
TRUNCATE o27 RESTART IDENTITY;
