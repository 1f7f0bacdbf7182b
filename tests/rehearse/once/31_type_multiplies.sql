CREATE TABLE o31 (amount int); INSERT INTO o31 VALUES (3);
-- then
ALTER TABLE o31 ALTER COLUMN amount TYPE bigint USING amount * 100;
