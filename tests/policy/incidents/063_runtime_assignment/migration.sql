ALTER TABLE participants ADD COLUMN IF NOT EXISTS runtime_assignment_id text NOT NULL DEFAULT gen_random_uuid()::text;
