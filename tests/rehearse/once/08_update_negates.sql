CREATE TABLE o08 (id int, enabled boolean); INSERT INTO o08 VALUES (1, true);
-- then
UPDATE o08 SET enabled = NOT enabled;
