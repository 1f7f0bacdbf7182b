ALTER TABLE board_climb_stats ADD COLUMN IF NOT EXISTS updated_at timestamptz;
UPDATE board_climb_stats SET updated_at = now() WHERE updated_at IS NULL;
ALTER TABLE board_climbs ADD COLUMN IF NOT EXISTS updated_at timestamptz;
