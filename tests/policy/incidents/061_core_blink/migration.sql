ALTER TABLE allocation_history ADD COLUMN IF NOT EXISTS core_blink boolean NOT NULL;
