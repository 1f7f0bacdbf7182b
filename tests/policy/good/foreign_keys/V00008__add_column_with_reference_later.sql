ALTER TABLE members ADD COLUMN IF NOT EXISTS lead_id bigint;
