CREATE TABLE o11 (id int, seen timestamptz); INSERT INTO o11 VALUES (1, 'epoch');
-- then
UPDATE o11 SET seen = clock_timestamp();
