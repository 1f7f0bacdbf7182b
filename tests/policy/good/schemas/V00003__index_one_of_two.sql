-- dbtask:no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS facts_day_idx ON reporting.facts (day);
