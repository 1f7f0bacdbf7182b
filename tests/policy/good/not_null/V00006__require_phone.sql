-- The same, with DROP and ADD as the guard.
ALTER TABLE people DROP CONSTRAINT IF EXISTS people_phone_not_null;
ALTER TABLE people ADD CONSTRAINT people_phone_not_null CHECK (phone IS NOT NULL OR id < 3) NOT VALID;
