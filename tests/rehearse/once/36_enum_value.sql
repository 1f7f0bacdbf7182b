CREATE TYPE o36 AS ENUM ('a');
-- then
-- dbtask:no-transaction
ALTER TYPE o36 ADD VALUE 'b';
