ALTER TABLE clients ADD COLUMN IF NOT EXISTS full_name text;
