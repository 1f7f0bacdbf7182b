ALTER TABLE integration_extract_value ADD COLUMN IF NOT EXISTS variable_type varchar(255) NOT NULL;
UPDATE integration_extract_value SET variable_type = 'environment' WHERE variable_type = '';
