CREATE TABLE IF NOT EXISTS fresh (id integer PRIMARY KEY, amount varchar(5));
ALTER TABLE fresh ALTER COLUMN amount TYPE varchar(3);
ALTER TABLE fresh ALTER COLUMN id TYPE bigint;
ALTER TABLE fresh ALTER COLUMN amount SET NOT NULL;
ALTER TABLE fresh ADD COLUMN IF NOT EXISTS token uuid NOT NULL DEFAULT gen_random_uuid();
