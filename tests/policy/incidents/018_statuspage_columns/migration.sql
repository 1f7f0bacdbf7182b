-- dbtask:allow(drop-data): nothing has read or written it since the release before the last
ALTER TABLE accounts DROP COLUMN IF EXISTS legacy_token;
