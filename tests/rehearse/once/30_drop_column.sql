CREATE TABLE o30 (a int, b int);
-- then
ALTER TABLE o30 DROP COLUMN b;
