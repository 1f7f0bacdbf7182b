-- dbtask:allow(drop-data): the notes were moved to their own table two releases ago
ALTER TABLE orders DROP COLUMN IF EXISTS note CASCADE;
