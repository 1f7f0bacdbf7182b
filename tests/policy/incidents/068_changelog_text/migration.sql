ALTER TABLE changelog ALTER COLUMN table_name TYPE text USING table_name::text;
