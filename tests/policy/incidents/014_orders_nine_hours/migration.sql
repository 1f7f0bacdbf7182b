ALTER TABLE orders ADD COLUMN IF NOT EXISTS customer_email varchar(255);
