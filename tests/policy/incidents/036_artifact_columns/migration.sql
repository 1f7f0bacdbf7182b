-- dbtask:allow(drop-data): the etags serve nobody since the version before
ALTER TABLE queue_tasks DROP COLUMN IF EXISTS etag;
-- dbtask:allow(drop-data): the etags serve nobody since the version before
ALTER TABLE queue_artifacts DROP COLUMN IF EXISTS etag;
