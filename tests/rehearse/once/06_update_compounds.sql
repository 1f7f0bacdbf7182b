CREATE TABLE o06 (id int, price numeric); INSERT INTO o06 VALUES (1, 10), (2, 20);
-- then
UPDATE o06 SET price = price * 1.19;
