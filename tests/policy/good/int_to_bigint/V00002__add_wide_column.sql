ALTER TABLE events ADD COLUMN IF NOT EXISTS size_wide bigint;
