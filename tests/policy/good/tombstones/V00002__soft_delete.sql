ALTER TABLE letters ADD COLUMN IF NOT EXISTS deleted_at timestamptz;
