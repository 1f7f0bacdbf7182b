ALTER TABLE users ADD COLUMN IF NOT EXISTS address_json jsonb;
UPDATE users SET address_json = jsonb_build_object('line1', address_line1, 'city', city, 'zip', zip)
WHERE address_line1 IS NOT NULL;
ALTER TABLE users DROP COLUMN IF EXISTS address_line1;
ALTER TABLE users DROP COLUMN IF EXISTS city;
ALTER TABLE users DROP COLUMN IF EXISTS zip;
