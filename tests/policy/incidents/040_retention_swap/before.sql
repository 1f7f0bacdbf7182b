CREATE TABLE test_events (id bigint PRIMARY KEY, at timestamptz NOT NULL);
CREATE TABLE test_event_latest (key text PRIMARY KEY, event_id bigint);
