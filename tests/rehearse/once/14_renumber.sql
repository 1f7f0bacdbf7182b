CREATE TABLE o14 (position int); INSERT INTO o14 VALUES (1), (2);
-- then
UPDATE o14 SET position = position + 1;
