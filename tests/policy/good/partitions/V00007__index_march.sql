-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS measurements_2026_03_value_idx ON measurements_2026_03 (value);
