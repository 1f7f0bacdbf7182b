-- The proven CHECK makes this an instant.
ALTER TABLE people ALTER COLUMN email SET NOT NULL;
ALTER TABLE people DROP CONSTRAINT IF EXISTS people_email_not_null;
