CREATE TABLE o10 (id int, amount int); INSERT INTO o10 VALUES (1, 3);
-- then
UPDATE o10 SET amount = amount * 100 WHERE amount < 1000;
