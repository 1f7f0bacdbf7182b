ALTER TABLE collectives ADD COLUMN IF NOT EXISTS page_mode smallint NOT NULL;
