-- dbtask:allow(drop-data): unused since the release before the last; a backup was taken
ALTER TABLE things DROP COLUMN IF EXISTS width;
