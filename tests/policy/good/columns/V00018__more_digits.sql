-- The scale stays: no row is rewritten.
ALTER TABLE things ALTER COLUMN price TYPE numeric(14, 2);
