CREATE TABLE o12 (id int, token uuid); INSERT INTO o12 VALUES (1, NULL);
-- then
UPDATE o12 SET token = gen_random_uuid();
