ALTER TABLE callrecord ADD COLUMN IF NOT EXISTS region text;
