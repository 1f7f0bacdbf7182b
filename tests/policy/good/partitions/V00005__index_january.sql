-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS measurements_2026_01_value_idx ON measurements_2026_01 (value);
