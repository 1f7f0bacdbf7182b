-- dbtask:allow(drop-data): every release in use writes and reads full_name
ALTER TABLE clients DROP COLUMN IF EXISTS fullname;
