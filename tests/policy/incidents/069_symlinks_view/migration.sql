ALTER TABLE datasets ALTER COLUMN name TYPE varchar;
