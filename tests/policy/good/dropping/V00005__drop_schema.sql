-- dbtask:allow(drop-data): empty since its tables moved
DROP SCHEMA IF EXISTS attic;
