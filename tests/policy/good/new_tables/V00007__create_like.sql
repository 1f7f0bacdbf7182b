CREATE TABLE IF NOT EXISTS archived_orders (LIKE orders INCLUDING DEFAULTS INCLUDING CONSTRAINTS);

ALTER TABLE archived_orders ADD COLUMN IF NOT EXISTS archived_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX IF NOT EXISTS archived_orders_user_id_idx ON archived_orders (user_id);
