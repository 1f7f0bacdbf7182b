SET LOCAL statement_timeout = '5min';
SET LOCAL lock_timeout = '2s';
ALTER TABLE reporting.facts ADD COLUMN IF NOT EXISTS source text;
