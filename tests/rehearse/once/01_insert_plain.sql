CREATE TABLE o01 (id int, name text); INSERT INTO o01 VALUES (1, 'a');
-- then
INSERT INTO o01 VALUES (2, 'b');
