ALTER TABLE events ADD COLUMN IF NOT EXISTS source varchar(32);
