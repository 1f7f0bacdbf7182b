ALTER TABLE oban_jobs ADD COLUMN IF NOT EXISTS uniq_key text GENERATED ALWAYS AS (meta ->> 'uniq_key') STORED;
