ALTER TABLE customers ADD COLUMN IF NOT EXISTS vat_id text;
