CREATE TABLE o18 (a int);
-- then
ALTER TABLE o18 ADD COLUMN b int;
