-- Height went with the release of last month.
-- dbtask:allow(drop-data): no release reads it any more, and its values follow from the width
ALTER TABLE things DROP COLUMN IF EXISTS height;
