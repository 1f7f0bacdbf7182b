-- Without CASCADE it is refused unless it is empty.
-- dbtask:allow(drop-data): nothing is in it since its tables moved
DROP SCHEMA IF EXISTS attic;
