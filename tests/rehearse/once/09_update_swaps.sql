CREATE TABLE o09 (first text, last text); INSERT INTO o09 VALUES ('Lovelace', 'Ada');
-- then
UPDATE o09 SET first = last, last = first;
