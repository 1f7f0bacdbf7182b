-- now() is stable: it is evaluated once, and nothing is rewritten.
ALTER TABLE things ADD COLUMN IF NOT EXISTS seen_at timestamptz NOT NULL DEFAULT now();
