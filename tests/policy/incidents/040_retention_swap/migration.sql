ALTER TABLE test_event_latest ADD COLUMN IF NOT EXISTS memex_id bigint;
ALTER TABLE test_events ADD COLUMN IF NOT EXISTS memex_id bigint;
DELETE FROM test_events WHERE at < now() - interval '90 days';
