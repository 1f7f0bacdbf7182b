ALTER TABLE flags ADD COLUMN IF NOT EXISTS is_enabled boolean;
