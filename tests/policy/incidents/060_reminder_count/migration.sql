ALTER TABLE guests ADD COLUMN IF NOT EXISTS reminder_count integer NOT NULL;
