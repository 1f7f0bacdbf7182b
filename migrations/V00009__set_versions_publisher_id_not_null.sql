-- The column itself becomes NOT NULL, and the CHECK that led here goes.
--
-- SET NOT NULL reads the whole table under ACCESS EXCLUSIVE, unless a valid CHECK says the same: then it reads
-- nothing. Two statements, because within one ALTER TABLE the CHECK would go first.
ALTER TABLE versions ALTER COLUMN publisher_id SET NOT NULL;
ALTER TABLE versions DROP CONSTRAINT IF EXISTS versions_publisher_id_not_null;
